/** A relay that refuses whatever it is sent, each time for a reason that asks for another attempt at once. */
import { CLIENT_FRAME, REFUSALS, type Envelope } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import { setHostileScene, type HostileScene } from '../support/members/hostile-scene.ts'
import { converge } from '../support/members/team.ts'

type Code = keyof typeof REFUSALS

/** From now on every push is refused so; gives the number of them. */
function refuse({ view }: HostileScene, code: Code): () => number {
  let pushes = 0
  view.refuse = ([first]: readonly Envelope[]) => {
    pushes += 1
    const { session, counter } = first as Envelope
    const { number } = REFUSALS[code]
    const nothing = { retryAfterMs: 0, detail: 0, attachment: new Uint8Array(0) }
    return {
      type: 'nack',
      refused: CLIENT_FRAME.push,
      document: view.document,
      session,
      counter,
      code: number,
      ...nothing,
    }
  }
  return () => pushes
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe('a relay that refuses everything', () => {
  it.each<Code>([
    'PREV_MISMATCH',
    'EQUIVOCATION',
    'SESSION_CLOSED',
    'SEEN_TOO_OLD',
    'RECORD_STALE',
    'NOT_OPEN',
    'COUNTER_GAP',
    'RATE',
  ])('T38 [K14] [CL8] with %s is asked again ever less often, and what waits arrives once it relents', async (code) => {
    const scene = await setHostileScene()
    const { alice, bob, carol, view } = scene
    const pushes = refuse(scene, code)
    bob.type('two. ')
    const promoted = alice.setRole(carol, 'writer').catch((error: unknown) => (error as { code: string }).code)
    await pause(1_000)
    expect(pushes()).toBeLessThan(20)
    view.refuse = null
    await bob.peer.provider.whenSaved()
    expect([code === 'COUNTER_GAP' ? code : 'made', 'COUNTER_GAP']).toContain(outcomeOf(await promoted))
    expect(await converge(alice, bob, carol)).toBe('one. two. ')
  })
})

function outcomeOf(result: unknown): string {
  return typeof result === 'string' ? result : 'made'
}
