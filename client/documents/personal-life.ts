/**
 * A person's own document as one device lives with it: made when first needed, given up for the one of the person's other devices, kept in
 * step with what this device has. Rule CL12.
 *
 * @module
 */
import { bytesToBase64url, documentIdOf, equalBytes, SyncError, type Bytes } from '@y-sealed/protocol'
import type { LinkFragment } from '../links/link-fragment.ts'
import { removeLostDevice } from '../members/intents/remove-devices.ts'
import { joinedMembership } from '../members/open-membership.ts'
import type { Membership } from '../members/membership.ts'
import { forgetDocument, loadDocument } from '../members/stored-document.ts'
import { PAIRING_LIFETIME_MS } from '../pairing/pairing-door.ts'
import { pairingError } from '../pairing/pairing-error.ts'
import { startTimer } from '../platform.ts'
import type { SealedProvider } from '../provider/sealed-provider.ts'
import { LostEntries } from '../quotes/lost-entries.ts'
import { addDiscarded, dropDiscarded, listDiscarded } from './discarded-lists.ts'
import type { DocumentList, ListedDocument } from './document-list.ts'
import { becomeMember } from './enter-by-link.ts'
import type { Installation } from './installation.ts'
import { addPending, dropPending, enlist, listPending, type PendingDocument } from './pending-documents.ts'
import { addRemoval, dropRemoval, listRemovals } from './pending-removals.ts'
import { PersonalDocument, type OwnDevice } from './personal-document.ts'
import type { SealedDocument } from './sealed-document.ts'
import { Steward } from './steward.ts'
import { isStranger } from './stranger.ts'

export interface PersonalLifeOptions {
  readonly installation: Installation
  /** Without one there is no list, and devices are not paired. */
  readonly isOn: boolean
  readonly withDocument: (
    listed: Pick<ListedDocument, 'genesisHash'>,
    work: (document: SealedDocument) => Promise<void>,
  ) => Promise<void>
  readonly onError: (error: unknown) => void
  readonly onList: () => void
  readonly onDevices: () => void
}

export class PersonalLife {
  readonly #options: PersonalLifeOptions
  #personal: PersonalDocument | null = null
  #steward: Steward | null = null
  #making: Promise<PersonalDocument> | null = null
  #flushing: Promise<void> = Promise.resolve()
  #stopListening: () => void = () => undefined
  /** Ends the wait for another device's word. */
  #cancelAdoption: () => void = () => undefined
  #isClosed = false
  #pending: readonly PendingDocument[] = []
  /** What has become meanwhile of documents that may be on their way into the list. The next run learns of it by opening them. */
  readonly #fateById = new Map<string, 'out' | 'gone'>()

  constructor(options: PersonalLifeOptions) {
    this.#options = options
  }

  /** `null` before the first document. */
  get document(): PersonalDocument | null {
    return this.#personal
  }

  get list(): DocumentList | null {
    return this.#personal?.list ?? null
  }

  /** What this device has come by and the list has not yet, the oldest first: it may be long until a relay is reached. */
  get pending(): readonly PendingDocument[] {
    const waiting = this.#pending.filter(({ genesisHash }) => this.#fateById.get(idOf(genesisHash)) !== 'gone')
    return waiting.filter(({ genesisHash }) => !this.list?.get(idOf(genesisHash)))
  }

  /** Opens the one that this device knows. */
  async start(): Promise<void> {
    const { installation, isOn } = this.#options
    if (!isOn) return
    await this.#readPending()
    const found = await PersonalDocument.find(installation)
    if (found !== null) this.#use(found)
    // A crash came between the document and its list.
    else if (this.#pending.length > 0) await this.ensure()
  }

  /** The one that there is, or a new one. Throws `NO_PERSONAL` where it is switched off. */
  async ensure(): Promise<PersonalDocument> {
    if (!this.#options.isOn) throw switchedOff()
    if (this.#personal !== null) return this.#personal
    this.#making ??= this.#findOrCreate().then((made) => this.#use(made))
    return await this.#making
  }

  /** Another tab of this device may have made it since this one looked. */
  async #findOrCreate(): Promise<PersonalDocument> {
    const { installation } = this.#options
    return (await PersonalDocument.find(installation)) ?? (await PersonalDocument.create(installation))
  }

  /** Lists a document that this device is in; soon, and also after a crash. */
  async add(pending: PendingDocument): Promise<void> {
    if (!this.#options.isOn) return
    this.#fateById.delete(idOf(pending.genesisHash))
    await this.#wait(pending)
  }

  async #wait(pending: PendingDocument): Promise<void> {
    await addPending(this.#options.installation.keys, pending)
    await this.#readPending()
    await this.ensure()
    this.#options.onList()
    this.#flushSoon()
  }

  /** Throws `UNKNOWN_DOCUMENT`. */
  async rename(id: string, name: string): Promise<void> {
    const personal = await this.ensure()
    const listed = personal.list.get(id)
    const pending = this.pending.find(({ genesisHash }) => idOf(genesisHash) === id)
    if (pending !== undefined) return await this.#wait({ ...pending, name })
    if (listed === null) throw new SyncError('UNKNOWN_DOCUMENT', 'that document is not in the list')
    personal.list.put(listed.genesisHash, name, listed.addedAt)
    await personal.document.provider.whenSaved()
  }

  /**
   * Takes one out of which this device was taken off the list, and what is kept of it off the device. `open`: the same document, where it is
   * open. Throws `UNKNOWN_DOCUMENT`, and `FORBIDDEN` for one that this device is in.
   */
  async forget(id: string, open: SealedDocument | null): Promise<void> {
    const { keys, device } = this.#options.installation
    const { list } = this
    const listed = list?.get(id) ?? null
    const known = listed ?? this.pending.find(({ genesisHash }) => idOf(genesisHash) === id)
    if (known === undefined) throw new SyncError('UNKNOWN_DOCUMENT', 'that document is not in the list')
    if (listed === null ? !this.isOut(id) : list?.accessOf(id, device.id) !== 'out') {
      throw new SyncError(
        'FORBIDDEN',
        'only one that this device was taken out of is forgotten: leave it, or delete it',
      )
    }
    open?.close()
    await open?.provider.membership?.whenStored().catch(() => undefined)
    this.#fateById.set(id, 'gone')
    list?.remove(id)
    this.#options.onList()
    await dropPending(keys, id)
    await this.#cut(documentIdOf(known.genesisHash))
  }

  /** Was this device taken out of one that waits to be listed? */
  isOut(id: string): boolean {
    return this.#fateById.get(id) === 'out'
  }

  /** Is it listed, and has nobody let this device in yet? */
  isWaiting(id: string): boolean {
    const list = this.list
    if (list === null || list.get(id) === null) return false
    return list.accessOf(id, this.#options.installation.device.id) === 'waiting'
  }

  /** A document of the app's is over, for this reason. */
  ended({ id, provider }: SealedDocument, code: string): void {
    const { keys } = this.#options.installation
    const list = this.list
    if (code === 'LEFT' || code === 'DELETED') {
      this.#fateById.set(id, 'gone')
      dropPending(keys, id).catch(this.#options.onError)
      list?.remove(id)
      this.#options.onList()
      // Nobody else's word takes a key away. [KM19]
      if (code === 'LEFT') this.#forget(provider).catch(this.#options.onError)
    } else if (isStranger(code)) this.#takenOut(id)
  }

  /** Somebody may be quicker to remove this device than it is to list what it has joined. */
  #takenOut(id: string): void {
    if (this.list?.get(id)) return this.list.noteAccess(id, this.#options.installation.device.id, 'out')
    this.#fateById.set(id, 'out')
    this.#options.onList()
  }

  /** Lets all confirmed devices into all documents that this device is in. */
  async letIn(): Promise<void> {
    await this.#steward?.whenIdle()
  }

  /** Joins the person's document by a pairing's link, and takes it for this device's own once another device has confirmed. */
  async adoptByLink(link: LinkFragment): Promise<void> {
    if (!this.#options.isOn) throw switchedOff()
    if (this.#personal?.hasGenesis(link.genesisHash)) return
    const { installation } = this.#options
    const documentId = documentIdOf(link.genesisHash)
    const isNew = (await loadDocument(installation.keys, documentId)) === null
    const { membership } = await becomeMember(installation, link)
    try {
      await this.#change(await this.#whenConfirmed(membership))
    } catch (error) {
      // What this device has seen of the list it keeps no key of; what it had before is its own.
      if (isNew) await this.#forget({ membership, documentId }).catch(() => undefined)
      throw error
    }
  }

  async #whenConfirmed(membership: Membership): Promise<PersonalDocument> {
    if (this.#isClosed) throw pairingError('PAIRING_CLOSED')
    const other = PersonalDocument.openOther(this.#options.installation, membership)
    try {
      await new Promise<void>((resolve, reject) => {
        this.#cancelAdoption = () => reject(pairingError('PAIRING_CLOSED'))
        awaitConfirmation(other, resolve, reject)
      })
      return other
    } catch (error) {
      other.close()
      throw error
    }
  }

  /** Takes the person's document, of which this device is a member, for its own. */
  async adopt(genesisHash: Bytes): Promise<void> {
    if (this.#personal?.hasGenesis(genesisHash)) return
    const { installation } = this.#options
    const { device, keys } = installation
    const other = PersonalDocument.openOther(installation, await joinedMembership({ genesisHash, device, keys }))
    await other.document.provider.whenSynced()
    await this.#change(other)
  }

  /**
   * Removes one of the person's devices from among them, and then, as far as can be by now, from every document. Gives those that are among
   * them by its doing: whoever had it may have let in one of their own.
   */
  async removeDevice(device: Bytes): Promise<readonly OwnDevice[]> {
    const { keys, device: own } = this.#options.installation
    if (equalBytes(device, own.id)) {
      throw new SyncError('THIS_DEVICE', 'a device is removed by another one of its person')
    }
    const personal = await this.ensure()
    await addRemoval(keys, device)
    await this.#removeFromPersonal(personal, device)
    await this.#steward?.whenIdle()
    return personal.letInBy(device)
  }

  close(): void {
    this.#isClosed = true
    this.#cancelAdoption()
    this.#leave()
  }

  #leave(): void {
    this.#stopListening()
    this.#steward?.close()
    this.#personal?.close()
  }

  /** What this device has listed by itself goes into the other list. */
  async #change(other: PersonalDocument): Promise<void> {
    const { keys, device } = this.#options.installation
    for (const { id, genesisHash, name, addedAt } of this.list?.all ?? []) {
      if (this.list?.accessOf(id, device.id) === 'in') await addPending(keys, { genesisHash, name, addedAt })
    }
    await this.#readPending()
    if (this.#personal !== null) await addDiscarded(keys, this.#personal.genesisHash)
    await other.keep(keys)
    this.#leave()
    this.#use(other)
  }

  #use(personal: PersonalDocument): PersonalDocument {
    const { installation, withDocument, onError, onList, onDevices } = this.#options
    const { document, list } = personal
    this.#personal = personal
    this.#steward = new Steward({ personal, device: installation.device, withDocument, onError })
    const stopList = list.observe(onList)
    const onMembers = (): void => {
      onDevices()
      this.#flushSoon()
    }
    const onSynced = (): void => this.#flushSoon()
    document.on('members', onMembers)
    document.provider.on('synced', onSynced)
    this.#stopListening = () => {
      stopList()
      document.off('members', onMembers)
      document.provider.off('synced', onSynced)
    }
    this.#flushSoon()
    onList()
    onDevices()
    return personal
  }

  /** What is left to do then, every other device of the person's sees. */
  async #removeFromPersonal(personal: PersonalDocument, device: Bytes): Promise<void> {
    const { keys } = this.#options.installation
    await personal.document.change(
      removeLostDevice(
        device,
        true,
        personal.confirmed.map(({ id }) => id),
      ),
    )
    await dropRemoval(keys, device)
  }

  #flushSoon(): void {
    this.#flushing = this.#flushing.then(() => this.#flush()).catch(this.#options.onError)
  }

  /** Lists, and removes, what waits, where this device may; it waits on until the relay has it on disk. */
  async #flush(): Promise<void> {
    const { keys } = this.#options.installation
    const personal = this.#personal
    // Who is to go goes also while the list waits for a signature of theirs. [EN13]
    if (personal === null || !personal.isConfirmed) return
    for (const gone of await listRemovals(keys)) {
      // One that is refused is tried again, and keeps nothing else from being done.
      await this.#removeFromPersonal(personal, gone).catch(this.#options.onError)
    }
    await personal.door.tidy().catch(this.#options.onError)
    if (!personal.document.provider.synced) return
    await this.#enlist(personal)
    for (const genesisHash of await listDiscarded(keys)) await this.#discard(personal, genesisHash)
  }

  async #enlist(personal: PersonalDocument): Promise<void> {
    const { keys, device } = this.#options.installation
    const pending = await listPending(keys)
    if (pending.length === 0) return
    personal.document.doc.transact(() => {
      for (const document of pending) {
        const id = idOf(document.genesisHash)
        const fate = this.#fateById.get(id)
        if (fate === 'gone') continue
        enlist(personal.list, document, device.id)
        if (fate === 'out') personal.list.noteAccess(id, device.id, 'out')
      }
    })
    this.#steward?.wake()
    await personal.document.provider.whenSaved()
    // It waits on for the list that the next run will know.
    if (!(await personal.isKept(keys))) return
    for (const { genesisHash } of pending) await dropPending(keys, idOf(genesisHash))
    await this.#readPending()
  }

  async #readPending(): Promise<void> {
    const pending = await listPending(this.#options.installation.keys)
    this.#pending = pending.toSorted((a, b) => a.addedAt - b.addedAt)
  }

  /** Deletes a list that nobody uses any more: one of several devices is theirs. */
  async #discard(personal: PersonalDocument, genesisHash: Bytes): Promise<void> {
    const { keys } = this.#options.installation
    if (!personal.hasGenesis(genesisHash)) {
      await this.#options.withDocument({ genesisHash }, async (document) => {
        if (document.members().flatMap(({ devices }) => devices).length > 1) return
        await document.deleteDocument()
        await this.#forget(document.provider)
      })
    }
    await dropDiscarded(keys, genesisHash)
  }

  async #forget({ membership, documentId }: Pick<SealedProvider, 'membership' | 'documentId'>): Promise<void> {
    await membership?.whenStored().catch(() => undefined)
    await this.#cut(documentId)
  }

  async #cut(documentId: Bytes): Promise<void> {
    const { keys, store } = this.#options.installation
    await forgetDocument(keys, documentId)
    await store.cut(documentId, 0)
    await new LostEntries(store, documentId).forget()
  }
}

function idOf(genesisHash: Bytes): string {
  return bytesToBase64url(documentIdOf(genesisHash))
}

function switchedOff(): SyncError {
  return new SyncError('NO_PERSONAL', 'this app keeps no list of documents')
}

/** Resolves when this device is an admin there; rejects with `PAIRING_REFUSED`, `PAIRING_EXPIRED`, and when the document is closed. */
function awaitConfirmation(personal: PersonalDocument, resolve: () => void, reject: (error: Error) => void): void {
  const { document } = personal
  const cancel = startTimer(PAIRING_LIFETIME_MS, () => reject(pairingError('PAIRING_EXPIRED')))
  const onMembers = (): void => {
    if (!personal.isConfirmed) return
    stop()
    resolve()
  }
  const onClosed = (reason: SyncError): void => {
    stop()
    reject(isStranger(reason.code) ? pairingError('PAIRING_REFUSED') : reason)
  }
  const stop = (): void => {
    cancel()
    document.off('members', onMembers)
    document.off('closed', onClosed)
  }
  document.on('members', onMembers)
  document.on('closed', onClosed)
  document.once('ended', stop)
  onMembers()
}
