/**
 * The `WebSocketPolyfill` for y-websocket's provider. Rules CL60–CL64.
 *
 * @module
 */
import type { Doc } from 'yjs'
import {
  checkDoc,
  checkSecret,
  expectLater,
  type AdapterOptions,
  type ByDocument,
  type ByKey,
  type WithToken,
} from '../adapter/adapter-options.ts'
import { LastingDocuments } from '../adapter/lasting-documents.ts'
import { openAdapted } from '../adapter/open-adapted.ts'
import { createSocketClass, type WebSocketClass } from '../adapter/socket-class.ts'
import { ProviderConversation } from './provider-conversation.ts'
import { readRoomUrl } from './room-url.ts'

export type SealedWebSocketOptions = AdapterOptions &
  WithToken &
  (ByKey | ByDocument) & {
    /** The very Y.Doc that the provider is given. */
    readonly doc: Doc
    /** With `key`: the room's name where it is not the one that the provider has. */
    readonly room?: string
  }

/**
 * A WebSocket class for `new WebsocketProvider('wss://relay.example', room, doc, { WebSocketPolyfill, disableBc: true })`: what the provider
 * sends is sealed, what it is told is verified. Throws `TypeError` for a key that is none and a `doc` that is none. `new` throws `TypeError`
 * for a set-up that would let something out: a token in the URL, a URL that is not `wss:`, BroadcastChannel. [CL64]
 */
export function sealedWebSocket(options: SealedWebSocketOptions): WebSocketClass {
  checkSecret(options)
  checkDoc(options.doc)
  expectLater(options.document, options.storage)
  const { doc } = options
  const documents = new LastingDocuments()
  let bound: string | null = null
  return createSocketClass((end, url) => {
    const { audience, room } = readRoomUrl(url)
    const name = options.room ?? room
    bound ??= name
    // Else the content of one document would be sent to another.
    if (bound !== name) throw new TypeError('y-sealed: each document has a Y.Doc and a sealedWebSocket of its own')
    const document = documents.get(`${audience} ${name}`, (keeper) =>
      openAdapted({ audience, room: name, doc, secret: options }, options, keeper),
    )
    return new ProviderConversation({ end, document, channel: url, onProblem: options.onProblem })
  })
}
