/**
 * By what an exported document is opened: its key, a device that is a member, or what the app has of it. Rules EX4, EX5.
 *
 * @module
 */
import {
  documentIdOf,
  equalBytes,
  exportDamaged,
  SyncError,
  type Bytes,
  type ExportHeader,
  type PlacedRecord,
} from '@y-sealed/protocol'
import { createDeviceSeeds, Device, type EpochKey } from '@y-sealed/protocol/sealing'
import type { DocumentAccess } from '../document/document-access.ts'
import { readableRoom } from '../document/shared-key-document.ts'
import { createMemoryKeyStore } from '../keys/key-store.ts'
import { openMembership } from '../members/open-membership.ts'
import { saveDocument } from '../members/stored-document.ts'
import { openExportKeys } from './export-keys.ts'

export interface ImportKeys {
  /** The 28 characters that were shown when the file was made. */
  readonly key?: string
  /** A device that is a member of the document needs no key. */
  readonly device?: Device
  /** Of a document with a shared key whose key the app has. */
  readonly access?: DocumentAccess
}

/** What a file says before its entries. */
export interface ImportStart {
  readonly header: ExportHeader
  readonly sealedKeys: Bytes | null
  /** All that the file lists, ascending. */
  readonly records: readonly PlacedRecord[]
}

/** Throws `EXPORT_KEY`, `EXPORT_WRONG_KEY`, and `EXPORT_DAMAGED` where the records are none of this document. */
export async function openImport(start: ImportStart, keys: ImportKeys): Promise<DocumentAccess> {
  const { header, sealedKeys, records } = start
  if (keys.key !== undefined && sealedKeys === null) throw exportDamaged()
  const epochKeys = keys.key === undefined ? [] : openExportKeys(header.genesisHash, sealedKeys as Bytes, keys.key)
  const access = keys.access ?? (await accessTo(start, epochKeys, keys.device))
  if (access === null || !opensAny(access, records)) {
    throw new SyncError('EXPORT_KEY', 'the file opens by its key: this device is no member of the document')
  }
  if (!equalBytes(access.genesisHash, header.genesisHash)) throw exportDamaged()
  return access
}

/** Whatever is wrong with a log that a file brings, the file is not what was exported. */
export function asDamage<Result>(read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    if (error instanceof SyncError) throw exportDamaged(error)
    throw error
  }
}

async function accessTo(
  { header, records }: ImportStart,
  epochKeys: readonly EpochKey[],
  device: Device = new Device(createDeviceSeeds()),
): Promise<DocumentAccess | null> {
  const { mode, genesisHash } = header
  if (mode === 'members') {
    // What this device keeps is not touched.
    const keys = createMemoryKeyStore()
    await saveDocument(keys, { genesisHash, genesisBody: null, epochKeys })
    const membership = await openMembership(documentIdOf(genesisHash), keys, device)
    asDamage(() => membership.takeRecords(records, 0))
    if (membership.recordSeq === 0) throw exportDamaged()
    return membership
  }
  const [key] = epochKeys
  return key === undefined ? null : asDamage(() => readableRoom(header.genesis, key))
}

/** In a room there is one key; among members, one of those that the records opened. */
function opensAny(access: DocumentAccess, records: readonly PlacedRecord[]): boolean {
  return access.mode === 'shared-key' || records.some(({ envelope }) => access.keyOf(envelope.epoch) !== null)
}
