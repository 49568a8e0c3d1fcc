/**
 * What the page says, and what its people write.
 *
 * @module
 */
import type { LieName } from '../host/lies.ts'

export const TITLE = 'Saturday'

/** Each begins once the one before is typed. */
export const SCRIPT: readonly { readonly by: 'alice' | 'bob'; readonly text: string }[] = [
  { by: 'alice', text: 'Meet at the harbour at nine. Bring the green lantern.' },
  { by: 'bob', text: '\nI will. Nobody between us can read this.' },
]

/** What Alice writes as soon as the relay lies, so that there is something to lie about. */
export const UNDER_LIES: Readonly<Record<LieName, string>> = {
  alter: ' The tide turns at noon.',
  drop: ' Leave by the north gate.',
  'roll-back': '',
}

export const STEPS = {
  setUp: 'The phones are being set up…',
  writes: 'Alice makes a note…',
  invited: (name: string) => `Alice has invited ${name}, who opens her link…`,
  bothIn: 'Both are in. They write…',
  yours: 'Now you: write on any phone, put one in airplane mode, or let the relay lie.',
  joined: (name: string) => `${name} is in, and reads all that was written.`,
  flies: (name: string) =>
    `${name}’s phone is in airplane mode: what is written there is kept there, and nothing new comes in.`,
  lands: (name: string) => `${name}’s phone has a network again: what was written meanwhile is exchanged, and merged.`,
  removes: (name: string) => `Alice removes ${name}…`,
  removed: (name: string) => `${name} was removed. The key is another now: what follows stays unread there.`,
  failed: (name: string, reason: string) => `${name}’s phone says: ${reason}`,
  silent: 'The tap on the relay is silent. It is open on the relay’s own computer alone, while the demo runs.',
} as const

export const LIE_STEPS: Readonly<Record<LieName, string>> = {
  alter: 'One bit of every update is turned. The phones refuse it, and ask for the good copy.',
  drop: 'One update is kept back. The phones notice the gap, and say so until it comes.',
  'roll-back': 'An older log is shown. The phones do not believe it: nothing is overwritten.',
}
export const HONEST_STEP = 'The truth again. The phones check it, make good what was lacking, and go on.'
