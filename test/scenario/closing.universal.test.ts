/** What is under way when the app closes ends with it: no socket, no timer and nobody who waits is left. */
import { SealedDocuments } from '@y-sealed/client'
import { expect, inject, it } from 'vitest'

import { createPerson, documentsOptions } from '../support/person.ts'

const relay = inject('relay')

const SOCKET_CLOSING = 2

it('[CL11] joining by a link ends at once, with its socket', async () => {
  const { documents } = await createPerson({ relay, name: 'Alice' })
  const link = await (await documents.createDocument()).invite()
  const options = await documentsOptions({ relay, name: 'Bob' })
  const sockets: { readonly readyState: number }[] = []
  const Platform = options.WebSocket ?? WebSocket
  const Watched = new Proxy(Platform, {
    construct: (Socket, [url, protocols]: [string, string[]]) => {
      const socket = new Socket(url, protocols)
      sockets.push(socket)
      // The relay has not answered yet.
      queueMicrotask(() => bob.close())
      return socket
    },
  })
  const bob = await SealedDocuments.open({ ...options, WebSocket: Watched })
  const startedAt = performance.now()
  await expect(bob.openDocument(link)).rejects.toMatchObject({ code: 'OFFLINE' })
  expect(performance.now() - startedAt).toBeLessThan(5_000)
  expect(sockets.map(({ readyState }) => readyState >= SOCKET_CLOSING)).toEqual([true])
  // What would come after it does not dial again.
  await expect(bob.openDocument(link)).rejects.toMatchObject({ code: 'OFFLINE' })
  expect(sockets).toHaveLength(1)
})
