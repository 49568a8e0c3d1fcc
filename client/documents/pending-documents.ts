/**
 * Documents that this device has come by and not yet listed in its person's own document: kept with its keys, so that one made on a train
 * is listed when the train has arrived. Rule CL12.
 *
 * @module
 */
import { bytesToBase64url, documentIdOf, encodeUtf8, Reader, Writer, type Bytes } from '@y-sealed/protocol'
import type { KeyStore } from '../keys/key-store.ts'
import type { DocumentList } from './document-list.ts'

const PREFIX = 'pending/'
const MAX_NAME_BYTES = 4_096

/** A document to be listed. */
export interface PendingDocument {
  readonly genesisHash: Bytes
  readonly name: string
  readonly addedAt: number
}

/** To be asked before anything is made. Throws `RangeError` for a name that is not well-formed text of at most 4 096 bytes. */
export function checkTitle(name: string): void {
  const bytes = encodeUtf8(name)
  if (bytes === null || bytes.length > MAX_NAME_BYTES) {
    throw new RangeError(`a document's name is text of at most ${MAX_NAME_BYTES} bytes`)
  }
}

/** Resolves when it would survive a crash. */
export async function addPending(keys: KeyStore, { genesisHash, name, addedAt }: PendingDocument): Promise<void> {
  const value = new Writer(64).fixed(genesisHash, 32).u64(addedAt).text(name, MAX_NAME_BYTES).finish()
  await keys.set(PREFIX + bytesToBase64url(documentIdOf(genesisHash)), value)
}

/** What waits to be listed. */
export async function listPending(keys: KeyStore): Promise<readonly PendingDocument[]> {
  const pending: PendingDocument[] = []
  for (const key of await keys.list(PREFIX)) {
    const value = await keys.get(key)
    if (value === null) continue
    const reader = new Reader(value)
    const read = reader.finish({
      genesisHash: reader.fixed(32).slice(),
      addedAt: reader.u64(),
      name: reader.text(MAX_NAME_BYTES),
    })
    if (read.ok) pending.push(read.value)
  }
  return pending
}

/** Nothing is to be listed any more. */
export async function dropPending(keys: KeyStore, id: string): Promise<void> {
  await keys.delete(PREFIX + id)
}

/** Lists one that waits, as a document into which `device` has been let. */
export function enlist(list: DocumentList, { genesisHash, name, addedAt }: PendingDocument, device: Bytes): void {
  const id = bytesToBase64url(documentIdOf(genesisHash))
  if (list.get(id) === null) list.put(genesisHash, name, addedAt)
  list.noteAccess(id, device, 'in')
}
