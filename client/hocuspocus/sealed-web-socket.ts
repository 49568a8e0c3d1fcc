/**
 * The `WebSocketPolyfill` for Hocuspocus' `HocuspocusProviderWebsocket`. Rules CL60–CL66.
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
} from '../adapter/adapter-options.ts'
import type { LastingDocument } from '../adapter/lasting-document.ts'
import { LastingDocuments } from '../adapter/lasting-documents.ts'
import { openAdapted, type Wanted } from '../adapter/open-adapted.ts'
import { createSocketClass, type WebSocketClass } from '../adapter/socket-class.ts'
import { audienceOf } from '../connection/socket.ts'
import { DocumentLane } from './document-lane.ts'
import { nameOf } from './document-message.ts'
import { ProviderToken, type ExchangeRequest } from './provider-token.ts'
import { SharedConversation } from './shared-conversation.ts'

/** One document. */
export type HocuspocusDocument = (ByKey | ByDocument) & {
  /** The very Y.Doc that the provider is given as `document`. */
  readonly doc: Doc
  /** Tokens of the app's own backend for what the provider's `token` gave; defaults to the relay's own issuer. */
  readonly token?: (request: ExchangeRequest) => Promise<string>
}

export type HocuspocusSocketOptions = AdapterOptions &
  (
    | (HocuspocusDocument & {
        /**
         * The provider's `name`: with it, and the relay's own issuer, the socket stays CONNECTING until the document is open, from the first
         * time on. A `token` function has to wait for what the provider says once the socket is open.
         */
        readonly name?: string
        readonly documents?: never
      })
    | {
        /** The document of a provider's `name`, and of its `sessionId` where it has `sessionAwareness`; `null` refuses it. */
        readonly documents: (name: string, sessionId: string | null) => HocuspocusDocument | null
        readonly doc?: never
      }
  )

/**
 * A WebSocket class for `new HocuspocusProviderWebsocket({ url: 'wss://relay.example', WebSocketPolyfill })`, for one document or many. Throws
 * `TypeError` for a key that is none and a `doc` that is none. What is refused later, a provider is told as `authenticationFailed`. [CL64]
 */
export function sealedWebSocket(options: HocuspocusSocketOptions): WebSocketClass {
  if (options.documents === undefined) checkDocument(options)
  expectLater(options.storage)
  const opened = new LastingDocuments()
  const tokens = new WeakMap<LastingDocument, ProviderToken>()
  /** Of the one document, where there is one. */
  let name = options.documents === undefined ? options.name : undefined

  const findDocument = (key: string): HocuspocusDocument => {
    if (options.documents !== undefined) return ask(options.documents, key)
    name ??= nameOf(key)
    if (nameOf(key) !== name) throw new TypeError('y-sealed: `doc` is one document: for several, give `documents`')
    return options
  }
  return createSocketClass((end, url) => {
    const expected = opened.lost()
    const known = options.documents === undefined && options.token === undefined ? options.name : undefined
    return new SharedConversation({
      end,
      expected: known === undefined || expected.includes(known) ? expected : [...expected, known],
      onProblem: options.onProblem,
      createLane: (key, socket) => {
        const audience = readUrl(url)
        const found = findDocument(key)
        const { doc } = found
        const lasting: LastingDocument = opened.get(options.documents === undefined ? nameOf(key) : key, (keeper) => {
          const secret = secretOf(found, tokens.get(lasting) as ProviderToken)
          return openAdapted({ audience, room: nameOf(key), doc, secret }, options, keeper)
        })
        const token = tokens.get(lasting) ?? new ProviderToken()
        tokens.set(lasting, token)
        return new DocumentLane({ ...socket, token, lasting })
      },
    })
  })
}

function ask(documents: NonNullable<HocuspocusSocketOptions['documents']>, key: string): HocuspocusDocument {
  const [name, sessionId = null] = key.split('\0') as [string, string?]
  const document = documents(name, sessionId)
  if (document === null) throw new TypeError('y-sealed: `documents` knows no document of this name')
  checkDocument(document)
  return document
}

/** With the provider's token in each request for one of the relay's. */
function secretOf({ key, document, token: exchange }: HocuspocusDocument, own: ProviderToken): Wanted['secret'] {
  const secret = key === undefined ? { document } : { key }
  if (exchange === undefined) return secret
  return { ...secret, token: async (request) => await exchange({ ...request, authentication: await own.newest() }) }
}

function checkDocument(document: HocuspocusDocument): void {
  checkSecret(document)
  checkDoc(document.doc)
  expectLater(document.document)
}

/** Throws `TypeError`, and says what to change. */
function readUrl(url: string): string {
  if (/[?#]/.test(url)) {
    throw new TypeError(
      'y-sealed: a URL is no place for tokens or parameters: use `token`, of the provider or of sealedWebSocket',
    )
  }
  return audienceOf(url)
}
