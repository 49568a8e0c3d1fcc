/** A token that expires while pushes are on their way ends the provider for good (ALREADY_OPEN). */
import { encodeClientFrame, encodeRelayFrame } from '@y-sealed/protocol'
import { expect, it, vi } from 'vitest'
import { setStage, type Witness } from '../support/stage.ts'

/** What is told of somebody all of whose edits have left. */
const SAVED = { closings: [], unsyncedChanges: 0 }

function toldOf({ peer, closings }: Witness): unknown {
  return { closings, unsyncedChanges: peer.provider.unsyncedChanges }
}

it('[AU7] [FR20] CLOSED TOKEN_REFUSED with a push on its way: the edit is saved on the next opening', async () => {
  const stage = await setStage()
  const alice = await stage.watch()
  await alice.peer.provider.whenSynced()
  alice.peer.text.insert(0, 'one ')
  await alice.peer.provider.whenSaved()
  let once = true
  stage.lying.toRelay = (frame, message, link) => {
    if (frame?.type !== 'push' || !once) return undefined
    once = false
    // What the honest relay does when a grant runs out: the document is closed, and a push that was under way finds it so.
    link.toClient(encodeRelayFrame({ type: 'closed', document: stage.document.id, code: 40100, retryAfterMs: 0 }))
    return [encodeClientFrame({ type: 'close', document: stage.document.id }), message]
  }
  alice.peer.text.insert(4, 'two ')
  await vi.waitFor(() => expect(toldOf(alice)).toEqual(SAVED))
})

it('[FR20] two pushes answered NOT_OPEN: the edit is saved on the next opening', async () => {
  const stage = await setStage()
  const alice = await stage.watch()
  await alice.peer.provider.whenSynced()
  alice.peer.text.insert(0, 'one ')
  await alice.peer.provider.whenSaved()
  const held: Uint8Array[] = []
  let once = true
  stage.lying.toRelay = (frame, message) => {
    if (frame?.type !== 'push' || !once) return undefined
    held.push(message)
    if (held.length < 2) return []
    once = false
    return [encodeClientFrame({ type: 'close', document: stage.document.id }), ...(held as (typeof message)[])]
  }
  alice.peer.text.insert(4, 'two ')
  await vi.waitFor(() => expect(held).toHaveLength(1))
  alice.peer.text.insert(8, 'three ')
  await vi.waitFor(() => expect(toldOf(alice)).toEqual(SAVED))
})
