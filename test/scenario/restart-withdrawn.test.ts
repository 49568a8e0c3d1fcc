/**
 * Who has asked for a restart of the log and was told that it will not be, for the document was closed, has withdrawn it: nothing of it is sent later,
 * unless it is asked for again. Rules LO14, CL30.
 */
import { encodeRelayFrame, KIND, REFUSALS, type ClientFrame } from '@y-sealed/protocol'
import { expect, it, vi } from 'vitest'

import { startLyingRelay } from '../support/lying-relay.ts'
import { settle } from '../support/settled.ts'
import { copyOf, createScene, startHonestRelay, watch, whenSigned, type Witness } from '../support/stage.ts'

const PATIENCE = { timeout: 60_000 }

const isRestart = (frame: ClientFrame | null): boolean =>
  frame?.type === 'push' && frame.envelopes[0]?.kind === KIND.record

it(
  '[LO14] [CL30] sends no restart of which the app was told that it will not be, and one for all who ask at once',
  { timeout: 120_000 },
  async () => {
    const scene = await createScene()
    const front = await startLyingRelay()
    const first = await startHonestRelay([front])
    front.stand(first)
    const join = (): Promise<Witness> => watch({ relay: front, access: scene.access() })
    const [alice, bob] = [await join(), await join()]
    alice.peer.text.insert(0, 'both. ')
    await settle(alice, bob)
    await whenSigned(alice, bob)
    const backup = await copyOf(first, [front])
    // Alice is shown what Bob is not, and the relay goes on without it.
    bob.peer.provider.disconnect()
    const second = await startHonestRelay([front], first.data)
    front.stand(second)
    alice.peer.text.insert(alice.text.length, 'hers. ')
    await alice.peer.provider.whenSaved()
    await whenSigned(alice)
    alice.peer.provider.disconnect()
    await copyOf(second, [front])
    front.stand(await startHonestRelay([front], backup))
    const { provider, text } = bob.peer
    provider.connect()
    text.insert(bob.text.length, 'his. ')
    await provider.whenSaved()
    await whenSigned(bob)
    alice.peer.provider.connect()
    await vi.waitFor(() => expect(alice.closings.map(({ code }) => code)).toEqual(['FORK']), PATIENCE)
    text.insert(0, 'waiting. ')
    await vi.waitUntil(() => provider.syncStatus.kind === 'rolled-back', PATIENCE)

    let [sent, told] = [0, 0]
    front.toRelay = (frame) => {
      if (!isRestart(frame)) return undefined
      sent += 1
      return []
    }
    const restarted = provider.restartLog().then(
      () => 'resolved',
      (error: unknown) => (error as { code: string }).code,
    )
    await vi.waitFor(() => expect(sent).toBe(1), PATIENCE)
    const { number: code } = REFUSALS.FORBIDDEN
    const closed = encodeRelayFrame({ type: 'closed', document: provider.documentId, code, retryAfterMs: 0 })
    for (const link of front.links) if (link.isOpen) link.toClient(closed)
    expect(await restarted).toBe('FORBIDDEN')
    front.toClient = (frame) => {
      told += frame?.type === 'restored' && frame.lost.seq > 0 ? 1 : 0
      return undefined
    }
    provider.connect()
    // What is lacking is known again, and nobody has asked for anything.
    await vi.waitFor(() => expect(told).toBeGreaterThan(0), PATIENCE)
    text.insert(0, 'still. ')
    await provider.whenKept()
    expect(sent).toBe(1)

    front.toRelay = (frame) => {
      if (isRestart(frame)) sent += 1
      return undefined
    }
    await Promise.all([provider.restartLog(), provider.restartLog()])
    expect(sent).toBe(2)
    provider.destroy()
    await expect(provider.restartLog()).rejects.toMatchObject({ code: 'OFFLINE' })
  },
)
