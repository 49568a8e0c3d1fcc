/** What a key does in its own turn: the letter leaves, and nothing that could wait stands before it. */
import { CLIENT_FRAME, type Bytes } from '@y-sealed/protocol'
import { createMemoryOutbox, type Outbox, type SocketConstructor } from '@y-sealed/client'
import { expect, inject, it, vi } from 'vitest'

import { createRoom, join, platformFor } from '../support/peer.ts'

const relay = inject('relay')
/** After this long neither edits nor presence wait for those before them. */
const REST_MS = 80

/** Sockets that note the kind of each frame that leaves. */
function noteFrames(Platform: SocketConstructor, sent: number[]): SocketConstructor {
  const Base = Platform as unknown as typeof WebSocket
  return class extends Base {
    override send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
      sent.push((data as Bytes)[0] ?? 0)
      super.send(data as string)
    }
  }
}

it('[CL5] [CL7] an edit leaves in the turn in which it is made, before the storage is called; the caret that moves with it follows', async () => {
  const room = await createRoom()
  const sent: number[] = []
  const { WebSocket: Platform } = await platformFor(relay)
  const memory = createMemoryOutbox()
  /** What had left when the storage was called. */
  const beforePut: number[] = []
  const outbox: Outbox = {
    ...memory,
    put: (item) => {
      beforePut.push(sent.filter((kind) => kind === CLIENT_FRAME.push).length)
      return memory.put(item)
    },
  }
  const WebSocket = noteFrames(Platform ?? globalThis.WebSocket, sent)
  const { text, provider } = await join({ relay, access: room(), provider: { outbox }, WebSocket })
  await provider.whenSynced()
  text.insert(0, 'begun')
  await provider.whenSaved()
  const atRest = async (): Promise<void> => {
    await provider.whenSaved()
    let last = performance.now()
    let seen = sent.length
    await vi.waitFor(() => {
      if (sent.length !== seen) [last, seen] = [performance.now(), sent.length]
      expect(performance.now() - last).toBeGreaterThan(REST_MS)
    }, 5_000)
    sent.length = 0
    beforePut.length = 0
  }

  await atRest()
  // Alone it waits for nothing.
  provider.awareness.setLocalStateField('cursor', 0)
  expect(sent).toEqual([CLIENT_FRAME.awareness])

  await atRest()
  text.insert(5, '.')
  provider.awareness.setLocalStateField('cursor', 1)
  expect([sent, beforePut]).toEqual([[CLIENT_FRAME.push], [1]])
  await vi.waitFor(() => expect(sent).toEqual([CLIENT_FRAME.push, CLIENT_FRAME.awareness]))
})
