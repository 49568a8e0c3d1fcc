/**
 * What the two people of the demo write, and how fast: about as people type.
 *
 * @module
 */
import type * as Y from 'yjs'

export interface Line {
  readonly who: 'Alice' | 'Bob'
  readonly text: string
}

/** Each answers the other in one shared note. */
export const CONVERSATION: readonly Line[] = [
  { who: 'Alice', text: 'Friday at noon, at the old harbour?' },
  { who: 'Bob', text: 'Yes. Bring the drawings of the turbine.' },
  { who: 'Alice', text: 'Nobody else can read this, can they?' },
  { who: 'Bob', text: 'Only we two. The relay has what stands on the right.' },
]

/** Milliseconds between keystrokes, in turn: nobody types evenly. */
const RHYTHM_MS = [35, 50, 30, 65, 40, 30, 90]

/** Types `line` at the end of `text`, key by key. Stops early when `signal` aborts. */
export async function typeLine(
  text: Y.Text,
  { who, text: words }: Line,
  pause: (delayMs: number) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  for (const [index, key] of [...`${who}: ${words}\n`].entries()) {
    if (signal.aborted) return
    text.insert(text.length, key)
    await pause(RHYTHM_MS[index % RHYTHM_MS.length] as number)
  }
}
