/**
 * Everything that a device keeps for an app under Node, in one directory: keys, sealed edits on their way, sealed logs. One process at a time.
 *
 * @module
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { DeviceStorage } from '../stores/device-storage.ts'
import { openFileDocumentStore } from './file-document-store.ts'
import { openFileKeyStore } from './file-key-store.ts'
import { openFileOutbox } from './file-outbox.ts'

export interface NodeStorage extends DeviceStorage {
  /** Gives the directory up, when everything asked for has ended. Close what uses it first. */
  close(): Promise<void>
}

/**
 * Opens `directory`, which is made (0700) if need be. Throws `STORAGE_IN_USE` while another process, or this one, has it open, and
 * `KEY_STORE_EXPOSED` when others may read its keys.
 */
export async function openNodeStorage(directory: string): Promise<NodeStorage> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const documents = await openFileDocumentStore(join(directory, 'documents'))
  try {
    const outbox = await openFileOutbox(join(directory, 'outbox'))
    const close = async (): Promise<void> => {
      await outbox.close()
      await documents.close()
    }
    try {
      return { keys: await openFileKeyStore(join(directory, 'keys')), outbox, documents, close }
    } catch (error) {
      await outbox.close()
      throw error
    }
  } catch (error) {
    await documents.close()
    throw error
  }
}
