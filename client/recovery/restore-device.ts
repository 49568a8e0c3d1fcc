/**
 * A new device in the place of an old one, whose keys come from a recovery file: the old keys let the new device in, and the new device
 * removes the old one. Each step is one that may have been done before. Rules KM21, CL12.
 *
 * @module
 */
import { bytesToBase64url, equalBytes, SyncError, type Bytes } from '@y-sealed/protocol'
import { Installation, type InstallationOptions } from '../documents/installation.ts'
import { OpenDocuments } from '../documents/open-documents.ts'
import { addPending, listPending } from '../documents/pending-documents.ts'
import { addRemoval, listRemovals } from '../documents/pending-removals.ts'
import { PersonalDocument } from '../documents/personal-document.ts'
import { isStranger } from '../documents/stranger.ts'
import { whenSyncedWithin } from '../documents/when-synced.ts'
import { createMemoryKeyStore } from '../keys/key-store.ts'
import { readHead } from '../log/head-memory.ts'
import { addOwnDevice } from '../members/intents/let-in.ts'
import { leaveDocument, removeOwnDevice } from '../members/intents/remove-devices.ts'
import { listStored, loadDocument } from '../members/stored-document.ts'
import { readRecovery } from './recovery-file.ts'

/** With one document. */
const PATIENCE_MS = 20_000
/** Pins and the relay's head key. [LO5] [CL11] */
const MEMORIES = ['pin/', 'head-key/']

/**
 * Resolves with the genesis (32 bytes) of the person's own document, `null` where the old device had none. Rejects as `readRecovery`, with
 * `RECOVERY_OUTDATED` when the old device is no member of anything any more, and as the relay refuses.
 */
export async function restoreDevice(options: InstallationOptions, file: Bytes, key: string): Promise<Bytes | null> {
  const fresh = await Installation.load(options)
  const keys = createMemoryKeyStore()
  for (const [name, value] of readRecovery(file, key)) {
    await keys.set(name, value)
    // What the relay must not go behind, it must not go behind on the new device either.
    const isMemory = MEMORIES.some((prefix) => name.startsWith(prefix))
    if (isMemory && (await fresh.keys.get(name)) === null) await fresh.keys.set(name, value)
    const known = readHead(name, value)
    if (known !== null) await fresh.store.append(known.documentId, [], known.head)
  }
  // The old device has its keys alone, and nothing of what it knows goes into the storage of the new one.
  const { storage: _storage, outbox: _outbox, ...others } = options
  const old = await Installation.load({ ...others, keys })
  const move = new Move(old, fresh)
  try {
    return await move.run()
  } finally {
    move.close()
  }
}

class Move {
  readonly #old: Installation
  readonly #fresh: Installation
  readonly #oldDocuments: OpenDocuments
  readonly #freshDocuments: OpenDocuments

  constructor(old: Installation, fresh: Installation) {
    this.#old = old
    this.#fresh = fresh
    this.#oldDocuments = new OpenDocuments(old, () => undefined)
    this.#freshDocuments = new OpenDocuments(fresh, () => undefined)
  }

  close(): void {
    for (const documents of [this.#oldDocuments, this.#freshDocuments]) documents.close()
    for (const installation of [this.#old, this.#fresh]) installation.close()
  }

  async run(): Promise<Bytes | null> {
    if (equalBytes(this.#old.device.id, this.#fresh.device.id)) {
      throw new SyncError('THIS_DEVICE', 'this device is the one of the recovery file: nothing is to be restored')
    }
    const personal = await PersonalDocument.find(this.#old)
    if (personal === null) {
      await this.#takeErrands()
      await this.#moveAll(await this.#heldDocuments())
      return null
    }
    const { genesisHash } = personal
    const listed = await this.#enter(personal)
    const held = await this.#heldDocuments()
    await this.#takeErrands()
    await this.#moveAll([...listed, ...held.filter((hash) => !equalBytes(hash, genesisHash))])
    await this.#freshDocuments.withDocument(
      genesisHash,
      (document) => document.change(removeOwnDevice(this.#old.device.id)),
      PATIENCE_MS,
    )
    return genesisHash
  }

  /** The new device becomes one of the person's, and the list says so. Gives the geneses of what is listed. */
  async #enter(personal: PersonalDocument): Promise<readonly Bytes[]> {
    const { document, list } = personal
    const { device, name } = this.#fresh
    try {
      await whenSyncedWithin(document.provider, PATIENCE_MS)
      await document.change(addOwnDevice(device.certificate(), name))
      for (const { id } of list.all) {
        if (list.accessOf(id, this.#old.device.id) !== 'in') continue
        list.noteAccess(id, device.id, 'in')
        list.noteAccess(id, this.#old.device.id, 'out')
      }
      await document.provider.whenSaved()
      return list.all.map(({ genesisHash }) => genesisHash)
    } catch (error) {
      if (!(error instanceof SyncError) || !isStranger(error.code)) throw error
      throw new SyncError('RECOVERY_OUTDATED', 'the device of this recovery file was removed: use a newer file')
    } finally {
      personal.close()
    }
  }

  async #moveAll(geneses: readonly Bytes[]): Promise<void> {
    const done = new Set<string>()
    for (const genesisHash of geneses) {
      const id = bytesToBase64url(genesisHash)
      if (done.has(id)) continue
      done.add(id)
      await this.#move(genesisHash)
    }
  }

  /** One that the old device is not in (any more) is left as it is: this may be a second attempt. */
  async #move(genesisHash: Bytes): Promise<void> {
    const { device, name } = this.#fresh
    try {
      await this.#oldDocuments.withDocument(
        genesisHash,
        (document) => document.change(addOwnDevice(device.certificate(), name)),
        PATIENCE_MS,
      )
      await this.#freshDocuments.withDocument(
        genesisHash,
        (document) => document.change(removeOwnDevice(this.#old.device.id)),
        PATIENCE_MS,
      )
    } catch (error) {
      if (!(error instanceof SyncError)) throw error
      // The new device had come in by itself: then the old one is a member of its own, and leaves.
      if (error.code === 'NOT_OWN_DEVICE') {
        return await this.#oldDocuments.withDocument(
          genesisHash,
          (document) => document.change(leaveDocument()),
          PATIENCE_MS,
        )
      }
      if (!isStranger(error.code) && error.code !== 'DELETED') throw error
    }
  }

  /** What the old device had yet to list, and whom to remove: before anything is moved, for a second attempt may find nothing to move. */
  async #takeErrands(): Promise<void> {
    const { keys } = this.#fresh
    for (const document of await listPending(this.#old.keys)) await addPending(keys, document)
    for (const device of await listRemovals(this.#old.keys)) await addRemoval(keys, device)
  }

  /** Geneses of what the old device's keys name, listed or not. */
  async #heldDocuments(): Promise<readonly Bytes[]> {
    const geneses: Bytes[] = []
    const { keys } = this.#old
    for (const id of await listStored(keys)) {
      const stored = await loadDocument(keys, id)
      if (stored !== null) geneses.push(stored.genesisHash)
    }
    return geneses
  }
}
