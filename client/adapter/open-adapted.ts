/**
 * From the options of an adapter to an open document: storage, device, keys, token, connection. Rules AU10, KM13.
 *
 * @module
 */
import { cryptoReady } from '@y-sealed/protocol'
import type { Doc } from 'yjs'
import { sharedKeyDocument } from '../document/shared-key-document.ts'
import { issuerTokens } from '../token/issuer-token.ts'
import { AdaptedDocument, type Keeper } from './adapted-document.ts'
import type { AdapterOptions, ByDocument, ByKey, WithToken } from './adapter-options.ts'
import { DefaultStorage } from './default-storage.ts'
import { RelayPool } from './relay-pool.ts'

/** Of one page, or one process. */
const pool = new RelayPool()
const defaultStorage = new DefaultStorage()

/** Which document, of which relay, for which Y.Doc. */
export interface Wanted {
  readonly audience: string
  /** The provider's name of it. */
  readonly room: string
  readonly doc: Doc
  readonly secret: (ByKey | ByDocument) & WithToken
}

/** Opens it; `connect` is left to the caller. Rejects with what the storage, the key or the document's own promise rejects with. */
export async function openAdapted(wanted: Wanted, options: AdapterOptions, keeper: Keeper): Promise<AdaptedDocument> {
  const { audience, room, doc, secret } = wanted
  const [storage] = await Promise.all([
    options.storage ?? defaultStorage.open((problem) => options.onProblem?.(problem)),
    cryptoReady(),
  ])
  const { key, document } = secret
  const access = key === undefined ? await document : sharedKeyDocument({ key, room })
  const berth = pool.take({ audience, documentId: access.documentId, storage, WebSocket: options.WebSocket })
  const { fetch, invite } = options
  const issued = issuerTokens({
    device: berth.device,
    accessOf: () => access,
    ...(fetch ? { fetch } : {}),
    ...(invite === undefined ? {} : { invite }),
  })
  return new AdaptedDocument({ doc, access, token: secret.token ?? issued, berth, keeper, options })
}
