/**
 * Presence that is not what it says: by the relay, which has no keys, and by one who has the room's. All of it is dropped without a word.
 */
import {
  decodeRelayFrame,
  encodeAwarenessContent,
  encodeClientFrame,
  encodeRelayFrame,
  type Bytes,
} from '@y-sealed/protocol'
import { Session, type Device } from '@y-sealed/protocol/sealing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { turnBit, type Link } from '../support/lying-relay.ts'
import { createTestDevice } from '../support/raw-client.ts'
import { expectSound, setStage, type Stage, type Witness } from '../support/stage.ts'

interface Scene {
  readonly stage: Stage
  /** Shows herself as { user: 'alice' }. */
  readonly alice: Witness
  /** Sees her by the lying relay. */
  readonly bob: Witness
  readonly link: Link
  /** What Alice said of herself, as it came to Bob. */
  readonly said: Bytes
}

async function begin(): Promise<Scene> {
  const stage = await setStage()
  const bob = await stage.watch()
  await bob.peer.provider.whenSynced()
  const alice = await stage.watchHonestly()
  await alice.peer.provider.whenSynced()
  alice.peer.provider.awareness.setLocalState({ user: 'alice' })
  await vi.waitFor(() => expect(stateOf(bob, alice)).toEqual({ user: 'alice' }))
  const said = stage.lying.captured.findLast(({ place, bytes }) => place === 'from-relay' && bytes[0] === 0x08)
  return { stage, alice, bob, link: stage.lying.links.at(-1) as Link, said: said?.bytes as Bytes }
}

function stateOf(watcher: Witness, shown: Witness): unknown {
  return watcher.peer.provider.awareness.getStates().get(shown.peer.doc.clientID)
}

function shownTo({ peer }: Witness): number {
  return peer.provider.awareness.getStates().size
}

/** What was said to the client is done with. */
async function settle(link: Link): Promise<void> {
  await new Promise<void>((resolve) => link.ping(resolve))
}

interface Shown {
  readonly clientId: number
  readonly clock?: number
  readonly state?: string
}

/** Presence by a holder of the room's key, in a session that introduces itself. */
class Forger {
  readonly device: Device = createTestDevice()
  readonly #stage: Stage
  readonly #session: Session

  constructor(stage: Stage) {
    this.#stage = stage
    this.#session = new Session(stage.document.id, this.device)
  }

  show({ clientId, clock = 1, state = '{"user":"mallory"}' }: Shown): Bytes {
    const { document } = this.#stage
    const introduction = document.room?.introduce(document.id, this.device, this.#session.id) ?? null
    const content = encodeAwarenessContent({ clientId, clock, state, introduction, head: null })
    const { envelope } = this.#session.sealAwareness(content, document.key, document.start)
    return encodeClientFrame({ type: 'awareness', envelope })
  }
}

describe('a relay that forges presence', () => {
  it('T19 [K17] [CL7] no bit of it can be turned', async () => {
    const { alice, bob, link, said } = await begin()
    link.toClient(encodeRelayFrame({ type: 'gone', ...sessionOf(said) }))
    await vi.waitFor(() => expect(stateOf(bob, alice)).toBeUndefined())
    let turned = 0
    for (let place = 1; place < said.length; place++) {
      const forged = turnBit(said, place, place % 8)
      // What is no frame any more ends the socket, which is another test.
      if (!decodeRelayFrame(forged).ok) continue
      link.toClient(forged)
      turned += 1
    }
    expect(turned).toBeGreaterThan(300)
    await settle(link)
    expect(stateOf(bob, alice)).toBeUndefined()
    expectSound(bob)
  })

  it('T19 [FR10] what was said before is not shown again, not even when its owner has gone', async () => {
    const { alice, bob, link, said } = await begin()
    alice.peer.provider.awareness.setLocalState({ user: 'alice', cursor: 7 })
    await vi.waitFor(() => expect(stateOf(bob, alice)).toEqual({ user: 'alice', cursor: 7 }))
    link.toClient(said)
    await settle(link)
    expect(stateOf(bob, alice)).toEqual({ user: 'alice', cursor: 7 })
    alice.peer.close()
    await vi.waitFor(() => expect(stateOf(bob, alice)).toBeUndefined())
    link.toClient(said)
    await settle(link)
    expect(stateOf(bob, alice)).toBeUndefined()
  })
})

describe('a relay that keeps presence back', () => {
  it('T19 [K17] [CL7] shows nobody for longer than 30 s, whatever it says again', async () => {
    // Looked at by an interval; sockets and all else go by the real clock.
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const { stage, alice, bob, link, said } = await begin()
    stage.lying.toClient = (frame) => (frame?.type === 'awareness' || frame?.type === 'gone' ? [] : undefined)
    const age = (ms: number): void => {
      for (const meta of bob.peer.provider.awareness.meta.values()) meta.lastUpdated -= ms
      vi.advanceTimersByTime(ms)
    }
    age(29_000)
    link.toClient(said)
    await settle(link)
    expect(stateOf(bob, alice)).toEqual({ user: 'alice' })
    age(4_000)
    expect(stateOf(bob, alice)).toBeUndefined()
  })
})

describe('a holder of the key who forges presence', () => {
  it("T19 [K17] [CL7] as somebody else, under their bound client id or the watcher's own", async () => {
    const { stage, alice, bob, link } = await begin()
    alice.peer.text.insert(0, 'x')
    await alice.peer.provider.whenSaved()
    await vi.waitFor(() => expect(bob.text).toBe('x'))
    bob.peer.provider.awareness.setLocalState({ user: 'bob' })
    for (const { peer } of [alice, bob]) {
      link.toClient(new Forger(stage).show({ clientId: peer.doc.clientID, clock: 1_000 }))
    }
    await settle(link)
    expect(stateOf(bob, alice)).toEqual({ user: 'alice' })
    expect(stateOf(bob, bob)).toEqual({ user: 'bob' })
    expect(shownTo(bob)).toBe(2)
  })

  it('T19 [K17] [CL7] a flood shows 64 at most, and those who were there stay', async () => {
    const { stage, alice, bob, link } = await begin()
    for (let clientId = 1; clientId <= 100; clientId++) link.toClient(new Forger(stage).show({ clientId }))
    await settle(link)
    expect(shownTo(bob)).toBe(64)
    expect(stateOf(bob, alice)).toEqual({ user: 'alice' })
  })

  it.each([
    ['a clock beyond 2^32', { clientId: 5, clock: 2 ** 53 - 2 }],
    ['a state that is no object', { clientId: 5, state: '[1]' }],
    ['a state that is no JSON', { clientId: 5, state: '{"user":' }],
  ])('T19 [K17] [CL7] %s is not shown', async (_, shown) => {
    const { stage, bob, link } = await begin()
    const before = shownTo(bob)
    link.toClient(new Forger(stage).show(shown))
    await settle(link)
    expect(shownTo(bob)).toBe(before)
    expectSound(bob)
  })

  it('T19 [K17] [CL7] nobody takes over an unbound client id, nor pins it for the one who binds it', async () => {
    const { stage, bob, link } = await begin()
    const [first, second] = [new Forger(stage), new Forger(stage)]
    link.toClient(first.show({ clientId: 5, state: '{"user":"first"}' }))
    link.toClient(second.show({ clientId: 5, clock: 2 ** 32, state: '{"user":"second"}' }))
    await settle(link)
    expect(bob.peer.provider.awareness.getStates().get(5)).toEqual({ user: 'first' })

    const carol = await stage.watchHonestly()
    const { clientID } = carol.peer.doc
    link.toClient(new Forger(stage).show({ clientId: clientID, clock: 2 ** 32 }))
    await settle(link)
    expect(stateOf(bob, carol)).toEqual({ user: 'mallory' })
    await carol.peer.provider.whenSynced()
    carol.peer.provider.awareness.setLocalState({ user: 'carol' })
    await vi.waitFor(() => expect(stateOf(bob, carol)).toEqual({ user: 'carol' }))
  })
})

/** Whose presence frame it is. [EN1] */
function sessionOf(frame: Bytes): { readonly document: Bytes; readonly device: Bytes; readonly session: Bytes } {
  return { document: frame.slice(5, 21), device: frame.slice(25, 41), session: frame.slice(41, 49) }
}
