/**
 * A members document as one device knows it: its member log, ahead of the entries that it has read, the epoch keys that it holds, and what
 * it must never go behind. Whether a record counts depends on the records alone, so they are judged when they come. Rules KM16, KM19, CL11.
 *
 * @module
 */
import {
  bytesToHex,
  decodeRecord,
  decodeUtf8,
  documentIdOf,
  equalBytes,
  genesisHash,
  MemberLog,
  sodiumSha512,
  SyncError,
  type Bytes,
  type CountedRecord,
  type Envelope,
  type Members,
  type NameInRecord,
  type PlacedRecord,
  type RecordRefusal,
  type Role,
} from '@y-sealed/protocol'
import { openName, type Device, type EpochKey } from '@y-sealed/protocol/sealing'
import type { Authority, DocumentAccess } from '../document/document-access.ts'
import type { KeyStore } from '../keys/key-store.ts'
import type { AuthorityBase } from '../log/log-base.ts'
import type { StoredEntry } from '../stores/document-store.ts'
import { copyEnvelope } from './copy-envelope.ts'
import { Keyring } from './keyring.ts'
import { MemberAuthority, type KnownRecords } from './member-authority.ts'
import { loadDocument, loadPin, saveDocument, savePin, type Pin, type StoredDocument } from './stored-document.ts'

/** A record that counts, at its place. */
export interface MemberRecord {
  readonly seq: number
  readonly record: CountedRecord
}

/** One that does not, and why. */
export interface RefusedRecord {
  readonly seq: number
  readonly reason: RecordRefusal
}

export interface MembershipParts {
  readonly device: Device
  readonly keys: KeyStore
  readonly stored: StoredDocument
  /** What an earlier run has accepted. */
  readonly pin: Pin | null
}

/** Made by `createMembership`, `openMembership` and `joinedMembership`. */
export class Membership implements DocumentAccess, KnownRecords {
  readonly mode = 'members'
  readonly documentId: Bytes
  readonly genesisHash: Bytes
  readonly genesisBody: Bytes | null
  readonly device: Device
  readonly #keys: KeyStore
  #log: MemberLog
  readonly #keyring: Keyring
  /** By epoch: what would survive a crash. */
  readonly #storedKeys: Map<number, EpochKey>
  readonly #recordBySeq = new Map<number, CountedRecord>()
  readonly #listeners = new Set<(record: MemberRecord) => void>()
  /** `null` once the records are known to hold it. */
  #unmetPin: Pin | null
  /** Hex ids of records that were accepted and are to come again: whoever listens has heard of them. */
  readonly #forgotten = new Set<string>()
  #saving: Promise<void> = Promise.resolve()
  #isSaveAsked = false
  #hasNewKey = false

  constructor({ device, keys, stored, pin }: MembershipParts) {
    this.device = device
    this.genesisHash = stored.genesisHash
    this.documentId = documentIdOf(stored.genesisHash)
    this.genesisBody = stored.genesisBody
    this.#keys = keys
    this.#log = new MemberLog(sodiumSha512, stored.genesisHash)
    this.#keyring = new Keyring(this.documentId, device, stored.epochKeys)
    this.#storedKeys = new Map(stored.epochKeys.map((key) => [key.epoch, key]))
    this.#unmetPin = pin
  }

  /** Everybody as of the newest record known, with the history of it; empty before the first record. */
  get members(): Members {
    return this.#log.members
  }

  /** Id of the newest record known, 32 bytes; zeros before the genesis. */
  get recordHead(): Bytes {
    return this.#log.recordHead
  }

  /** Its seq; 0 before the genesis. */
  get recordSeq(): number {
    return this.#log.recordSeq
  }

  /** What this device may do; `none` also before any record is known. */
  get role(): Role {
    return this.roleOf(this.device.id)
  }

  /** True when this device belonged, and a record took it out. */
  get isRemoved(): boolean {
    if (this.role !== 'none' || this.members.certificateOf(this.device.id) === null) return false
    // Not by records that fall short of those which it has accepted.
    return this.#forgotten.size === 0 || this.#unmetPin === null
  }

  /** True when this device has been a member, by what it has seen of the records in this run or an earlier one. */
  get hasBelonged(): boolean {
    return this.#unmetPin !== null || (this.recordSeq > 0 && this.members.certificateOf(this.device.id) !== null)
  }

  /** Nothing may be sealed but a record that opens the next epoch. [KM18] */
  get isClosed(): boolean {
    return this.recordSeq > 0 && this.members.epoch.closedAt !== null
  }

  /** Held back until the KeyStore has it: what waits in an outbox under a key that a crash has taken could never leave. [KM19] */
  get current(): EpochKey | null {
    const key = this.isClosed || this.role === 'none' ? null : this.epochKey
    return key !== null && this.#storedKeys.get(key.epoch) === key ? key : null
  }

  get draftKey(): EpochKey | null {
    let newest: EpochKey | null = null
    for (const key of this.#storedKeys.values()) if (key.epoch > (newest?.epoch ?? 0)) newest = key
    return newest
  }

  /** The key of the epoch in force, closed or not, under which records are sealed; `null` when it is not held. */
  get epochKey(): EpochKey | null {
    if (this.recordSeq === 0) return null
    const { epoch, commitment } = this.members.epoch
    const key = this.keyOf(epoch)
    return key !== null && equalBytes(key.commitment, commitment) ? key : null
  }

  keyOf(epoch: number): EpochKey | null {
    return this.#keyring.keyOf(epoch)
  }

  /** Epochs up to the one in force whose key should be here and is not: somebody's wrap or back link is void. [KM6] */
  get missingEpochs(): readonly number[] {
    return this.role === 'none' ? [] : this.#keyring.missing(this.members.epochs)
  }

  /** A name as members see it: that of a device or link with this id (16 bytes). `null` for none, and for one that does not open. */
  nameOf(name: NameInRecord, id: Bytes): string | null {
    const key = this.keyOf(name.epoch)
    const opened = key === null ? null : openName(name.sealed, id, key)
    return opened === null ? null : decodeUtf8(opened)
  }

  /** The role of a device now; `none` for a stranger and for who was removed. */
  roleOf(device: Bytes): Role {
    return this.members.memberOf(device)?.role ?? 'none'
  }

  /** Every record that counts, oldest first. */
  get records(): readonly MemberRecord[] {
    return [...this.#recordBySeq].map(([seq, record]) => ({ seq, record }))
  }

  recordAt(seq: number): CountedRecord | null {
    return this.#recordBySeq.get(seq) ?? null
  }

  /** Calls back for every record that counts, as it becomes known: at once, before the log has come to its place. Returns how to stop. */
  subscribe(listener: (record: MemberRecord) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /**
   * Takes records as RECORDS brings them, placed ahead of a log that is read up to `readThrough`. Returns those that do not count. Throws
   * `GENESIS_CONFLICT` for the genesis of another document, and `LOG_INVALID` where a record cannot stand. [KM16] [CL11]
   */
  takeRecords(records: readonly PlacedRecord[], readThrough: number): readonly RefusedRecord[] {
    const refused: RefusedRecord[] = []
    for (const { seq, envelope } of records) {
      const known = this.recordAt(seq)
      if (known !== null && equalBytes(known.envelope.bytes, envelope.bytes)) continue
      if (known !== null) throw misplaced()
      if (this.recordSeq === 0) this.#checkGenesis(seq, envelope)
      const verdict = this.#log.judge(copyEnvelope(envelope))
      if (!verdict.ok) refused.push({ seq, reason: verdict.reason })
      else if (seq <= Math.max(this.recordSeq, readThrough)) throw misplaced()
      else this.#accept(verdict, seq)
    }
    return refused
  }

  /** Why this would not count as the next record; `null` when it would. Nothing changes. */
  judge(envelope: Envelope): RecordRefusal | null {
    const verdict = this.#log.judge(envelope)
    return verdict.ok ? null : verdict.reason
  }

  acceptPlaced(record: CountedRecord, seq: number): void {
    if (seq <= this.recordSeq) throw misplaced()
    this.#accept(record, seq)
  }

  /**
   * Throws `ROLLBACK` unless the records known by now hold the newest one, and the highest epoch, that an earlier run of this device has
   * accepted. To be asked when all records are there. [CL11]
   */
  checkPin(): void {
    const pin = this.#unmetPin
    if (pin === null) return
    if (this.#isBehind(pin)) {
      throw new SyncError('ROLLBACK', "the relay's records do not hold the newest one that this device has accepted")
    }
    this.#unmetPin = null
    this.#askSave()
  }

  /**
   * Forgets where records behind a place stand, which is the relay's word alone, and with it them, until they are shown again. That they were
   * accepted is pinned: nothing less will do. [CL11] [CL30]
   */
  forgetPlaces(afterSeq: number): void {
    if (this.recordSeq <= afterSeq) return
    if (this.#unmetPin === null || !this.#isBehind(this.#unmetPin)) {
      const { genesisHash, recordHead } = this
      this.#unmetPin = { genesisHash, recordHead, epoch: this.members.epoch.epoch }
    }
    const { records } = this
    this.#log = new MemberLog(sodiumSha512, this.genesisHash)
    this.#recordBySeq.clear()
    for (const { seq, record } of records) {
      if (seq > afterSeq) {
        this.#forgotten.add(bytesToHex(record.id))
        continue
      }
      this.#log.apply(record, seq)
      this.#recordBySeq.set(seq, record)
    }
  }

  /** Resolves when keys and pins are stored as of now; rejects with what the KeyStore said. */
  whenStored(): Promise<void> {
    return this.#saving
  }

  /** As {@link whenStored}, after another attempt at what could not be stored. */
  storeAgain(): Promise<void> {
    this.#askSave()
    return this.#saving
  }

  recordsUpTo(seq: number): readonly StoredEntry[] {
    const known = this.records.filter((each) => each.seq <= seq)
    return known.map((each) => ({ seq: each.seq, envelope: each.record.envelope.bytes }))
  }

  createAuthority(base?: AuthorityBase): Authority {
    return new MemberAuthority(this, base)
  }

  introduce(): null {
    return null
  }

  #accept(record: CountedRecord, seq: number): void {
    this.#log.apply(record, seq)
    this.#recordBySeq.set(seq, record)
    this.#hasNewKey = this.#keyring.take(record, this.members.epochs) || this.#hasNewKey
    this.#askSave()
    if (this.#forgotten.delete(bytesToHex(record.id))) return
    for (const listener of this.#listeners) listener({ seq, record })
  }

  /** A document's first record is its genesis, and stands first. */
  #checkGenesis(seq: number, envelope: Envelope): void {
    const record = decodeRecord(envelope.sealed)
    if (!record.ok || record.value.type !== 'genesis' || seq !== 1) throw misplaced()
    if (equalBytes(genesisHash(sodiumSha512, envelope.sealed), this.genesisHash)) return
    throw new SyncError('GENESIS_CONFLICT', "the relay's records begin with the genesis of another document")
  }

  /** Once for all records that come together. */
  #askSave(): void {
    if (this.#isSaveAsked) return
    this.#isSaveAsked = true
    const before = this.#saving.catch(() => undefined)
    this.#saving = before.then(() => this.#save())
    // Whoever asks by whenStored is told.
    this.#saving.catch(() => undefined)
  }

  async #save(): Promise<void> {
    this.#isSaveAsked = false
    if (this.#hasNewKey) await this.#saveKeys()
    // Until the records hold what was pinned, that stays.
    if (this.#unmetPin !== null || this.recordSeq === 0) return
    const { genesisHash, recordHead } = this
    const pinned = await loadPin(this.#keys, this.documentId).catch(() => null)
    // Another tab has accepted more: what it has pinned stays.
    if (pinned !== null && this.#isBehind(pinned)) return
    await savePin(this.#keys, { genesisHash, recordHead, epoch: this.members.epoch.epoch })
  }

  async #saveKeys(): Promise<void> {
    const { genesisHash, genesisBody } = this
    this.#hasNewKey = false
    try {
      // Another tab may have stored keys that this one has not come to.
      const stored = await loadDocument(this.#keys, this.documentId).catch(() => null)
      const { held } = this.#keyring
      const others = (stored?.epochKeys ?? []).filter(({ epoch }) => this.keyOf(epoch) === null)
      await saveDocument(this.#keys, { genesisHash, genesisBody, epochKeys: [...held, ...others] })
      for (const key of held) this.#storedKeys.set(key.epoch, key)
    } catch (error) {
      this.#hasNewKey = true
      throw error
    }
  }

  /** Do the records known fall short of what is pinned? [CL11] */
  #isBehind(pin: Pin): boolean {
    const isHeld = [...this.#recordBySeq.values()].some(({ id }) => equalBytes(id, pin.recordHead))
    return !isHeld || this.members.epoch.epoch < pin.epoch
  }
}

function misplaced(): SyncError {
  return new SyncError('LOG_INVALID', 'the relay places records where the log has others')
}
