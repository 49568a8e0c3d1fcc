/**
 * A person's documents as one of their devices has them: made, opened by link or id, listed, and shared with the person's other devices.
 * Rules CL11, CL12, KM12, KM21, KM22.
 *
 * @module
 */
import { bytesToBase64url, documentIdOf, equalBytes, SyncError, type Bytes } from '@y-sealed/protocol'
import { ObservableV2 } from 'lib0/observable'
import { isPinFault } from '../connection/check-pinning.ts'
import type * as Y from 'yjs'
import { importDocument, type ExportedFile } from '../export/import-document.ts'
import type { ImportedDocument } from '../export/imported-document.ts'
import { readLink } from '../links/link-url.ts'
import { decodeLinkFragment, type LinkFragment } from '../links/link-fragment.ts'
import { linkError } from '../links/link-error.ts'
import { createMembership } from '../members/open-membership.ts'
import { answerCode, answerQr, isPairingLink, type PairingAnswer } from '../pairing/pairing-answer.ts'
import { offerByCode, offerByQr, type PairingOffer } from '../pairing/pairing-offer.ts'
import { wallClock } from '../platform.ts'
import { writeRecovery, type Recovery } from '../recovery/recovery-file.ts'
import { restoreDevice } from '../recovery/restore-device.ts'
import type { ListedDocument } from './document-list.ts'
import type { DocumentLoan } from './document-loans.ts'
import { enterByLink } from './enter-by-link.ts'
import { Installation, nameBytes, type InstallationOptions } from './installation.ts'
import { keepImported } from './keep-imported.ts'
import { OpenDocuments } from './open-documents.ts'
import type { OwnDevice } from './personal-document.ts'
import { checkTitle } from './pending-documents.ts'
import { PersonalLife } from './personal-life.ts'
import type { StorageState } from '../status/sync-status.ts'
import { bytesOf, type SealedDocument } from './sealed-document.ts'

export interface SealedDocumentsOptions extends InstallationOptions {
  /** Keep a list of this person's documents in a document of their own, which their devices share; default true. */
  readonly personal?: boolean
}

/** A document of this person, in the list. */
export interface DocumentEntry {
  /** For `openDocument`. */
  readonly id: string
  /** This person's own name for it, which others do not see. */
  readonly name: string
  readonly added: Date
  /** False while another device of this person has yet to let this one in, and for one from which it was removed. */
  readonly isReady: boolean
  /** True once this device was removed from it: it reads what it has, and nothing newer. */
  readonly isShutOut: boolean
}

export interface DocumentsEvents {
  /** The list is another, or what this device may open of it. */
  documents: (documents: readonly DocumentEntry[]) => void
  devices: (devices: readonly OwnDevice[]) => void
  /**
   * Something that goes on in the background failed and is tried again, where that can help; with pins also `PIN_MISMATCH` and
   * `PINS_EXPIRED` at each dial. [PN3]
   */
  error: (error: unknown) => void
}

export interface CreateOptions {
  /** This person's own name for it; others do not see it. */
  readonly name?: string
  /** Defaults to a new one; what it holds already is sent. */
  readonly doc?: Y.Doc
}

export interface PairOptions {
  /** `qr` (default): a link for the new device's camera. `code`: ten characters to type. */
  readonly by?: 'qr' | 'code'
  /** The app's address, for a QR code that a phone's own camera opens. */
  readonly app?: string
}

interface DocumentWay {
  readonly id: string
  readonly open: () => Promise<SealedDocument>
}

/** For a document that is opened in the background: the others behind it wait. */
const BACKGROUND_PATIENCE_MS = 20_000

export class SealedDocuments extends ObservableV2<{ [K in keyof DocumentsEvents]: DocumentsEvents[K] }> {
  readonly #installation: Installation
  readonly #open: OpenDocuments
  readonly #personal: PersonalLife
  /** What ends each pairing that goes on. */
  readonly #pairings = new Set<() => void>()
  #isClosed = false

  /**
   * This device's documents at one relay; makes the device on first use. Nothing is asked of the relay yet. Throws `TypeError` for a relay's
   * URL that is not `wss:`, `RangeError` for a name of more than 63 bytes; `KEY_STORE_DAMAGED`.
   */
  static async open(options: SealedDocumentsOptions): Promise<SealedDocuments> {
    const documents = new SealedDocuments(await Installation.load(options), options.personal ?? true)
    await documents.#personal.start()
    return documents
  }

  /**
   * This person's documents on a new device, by a recovery file of an old one and its key: the new device is let into each, the old one
   * removed. Safe to be repeated. Rejects with `RECOVERY_KEY`, `RECOVERY_FILE`, `RECOVERY_VERSION`, `RECOVERY_OUTDATED` when the old device
   * was removed since, `OFFLINE`, and as the relay refuses. [KM21]
   */
  static async restore(options: SealedDocumentsOptions, file: Bytes, key: string): Promise<SealedDocuments> {
    const personal = await restoreDevice(options, file, key)
    const documents = new SealedDocuments(await Installation.load(options), options.personal ?? true)
    await documents.#personal.start()
    try {
      if (personal !== null) await documents.#personal.adopt(personal)
    } catch (error) {
      documents.close()
      throw error
    }
    return documents
  }

  private constructor(installation: Installation, isPersonal: boolean) {
    super()
    this.#installation = installation
    const onError = (error: unknown): void => this.emit('error', [error])
    installation.connection.on('connection-error', (error) => {
      if (isPinFault(error)) onError(error)
    })
    this.#open = new OpenDocuments(installation, (document, code) => this.#personal.ended(document, code))
    this.#personal = new PersonalLife({
      installation,
      isOn: isPersonal,
      withDocument: (listed, work) => this.#open.withDocument(listed.genesisHash, work, BACKGROUND_PATIENCE_MS),
      onError,
      onList: () => this.emit('documents', [this.list()]),
      onDevices: () => this.emit('devices', [this.devices()]),
    })
  }

  /** The app is out of view, where its page is not told, as in a native shell. Browsers are heard by themselves. [CL21] */
  hide(): void {
    this.#installation.connection.hide()
  }

  /** The app is in view again, or the network may be another. [CL21] */
  show(): void {
    this.#installation.connection.show()
  }

  /**
   * Tells the status of every document, of those that are open and of those to be opened, where edits stand that no relay has: what
   * `persistStorage()` answered, say. Before it is told, each says `kept` where this device has a `storage` or an `outbox`, else `off`. [CL22]
   */
  setStorage(storage: StorageState): void {
    this.#open.setStorage(storage)
  }

  /** Names this device to others; base64url of 16 bytes. */
  get deviceId(): string {
    return bytesToBase64url(this.#installation.device.id)
  }

  /**
   * This person's documents, the one added first first; `on('documents')` tells of changes by any device. Those that this device alone knows of
   * until a relay is reached stand at the end.
   */
  list(): readonly DocumentEntry[] {
    const { device } = this.#installation
    const { list, pending } = this.#personal
    const listed = (list?.all ?? []).map(({ id, name, addedAt }: ListedDocument): DocumentEntry => {
      const access = list?.accessOf(id, device.id)
      return { id, name, added: new Date(addedAt), isReady: access === 'in', isShutOut: access === 'out' }
    })
    const waiting = pending.map(({ genesisHash, name, addedAt }): DocumentEntry => {
      const id = bytesToBase64url(documentIdOf(genesisHash))
      const isShutOut = this.#personal.isOut(id)
      return { id, name, added: new Date(addedAt), isReady: !isShutOut, isShutOut }
    })
    return [...listed, ...waiting]
  }

  /** This person's devices; `on('devices')` tells of changes. */
  devices(): readonly OwnDevice[] {
    return this.#personal.document?.devices ?? []
  }

  /**
   * Makes a document of which this person is the only member, and opens it. It works offline: the relay hears of it later. Rejects with
   * `TOO_MANY_OPEN` where fourteen are open, and with `RangeError` for a name of more than 4 096 bytes; nothing is made then.
   */
  async createDocument({ name = '', doc }: CreateOptions = {}): Promise<SealedDocument> {
    this.#open.checkRoom()
    checkTitle(name)
    const { device, keys, name: ownName } = this.#installation
    const membership = await createMembership(device, keys, nameBytes(ownName) ?? undefined)
    const document = this.#open.attach(membership, doc)
    this.#open.loans.own(document)
    await this.#personal.add({ genesisHash: membership.genesisHash, name, addedAt: wallClock() })
    return document
  }

  /**
   * Opens a document by a link, or by the id of one that this device knows, until `close()`; one that is open already is given once more,
   * whatever `doc`. A link makes this device a member; opening it again changes nothing. Rejects with
   *
   * `LINK_MALFORMED`, `LINK_VERSION`, `NOT_A_DOCUMENT`: what was given is no link to a document;
   * `LINK_EXPIRED_OR_REVOKED`, `LINK_KEY_VOID`: the link opens nothing (any more);
   * `RELAY_MISMATCH`, `ROLLBACK`, `FORK`: the relay is not the one of the link, or shows less or something else than when it was made;
   * `GENESIS_CONFLICT`: this device knows that document as another: nothing is overwritten;
   * `UNKNOWN_DOCUMENT`, `DELETED`; `ACCESS_PENDING`: another device of this person has yet to let this one in; `OFFLINE`;
   * `TOO_MANY_OPEN`: fourteen are open.
   */
  async openDocument(link: string, options: CreateOptions = {}): Promise<SealedDocument> {
    const { id, open } = this.#way(link, options)
    return await this.#open.loans.open(id, open)
  }

  /**
   * {@link openDocument} for a part of an app that does not know who else has the document open: it stays open until everybody who has borrowed it
   * has given it back, and the app has closed it where it was opened by `openDocument` or `createDocument`. What ends it for good (left, deleted,
   * removed from, or `close()` of this) ends it for all: they hear `closed`, where nobody here has asked for it, and `ended`. Rejects as
   * {@link openDocument}; there is nothing to give back then.
   */
  async borrowDocument(link: string, options: CreateOptions = {}): Promise<DocumentLoan> {
    const { id, open } = this.#way(link, options)
    return await this.#open.loans.lend(id, open)
  }

  /**
   * Borrows a document for as long as `work` takes, once what this device keeps of it is loaded; a relay is not waited for. Edits leave, where
   * nobody else has the document, if `work` awaits `provider.whenSaved()`, and else when it is opened next. Rejects as {@link openDocument}, with
   * `OFFLINE` where it ends while it loads, and as `work`.
   */
  async withDocument<Result>(link: string, work: (document: SealedDocument) => Promise<Result>): Promise<Result> {
    const { document, giveBack } = await this.borrowDocument(link)
    try {
      await document.provider.whenLoaded()
      return await work(document)
    } finally {
      giveBack()
    }
  }

  /** Names a document anew, for this person alone. */
  async rename(id: string, name: string): Promise<void> {
    checkTitle(name)
    await this.#personal.rename(id, name)
  }

  /**
   * Takes a document from which this device was removed (`isShutOut`) off the person's list, and what is kept of it, its keys too, off this
   * device; one that is open is closed. Nobody else hears of it, and it takes no relay. Rejects with `FORBIDDEN` for a document that this device
   * is in, which is left or deleted instead, and with `UNKNOWN_DOCUMENT`.
   */
  async forgetDocument(id: string): Promise<void> {
    await this.#personal.forget(id, this.#open.get(id))
  }

  /**
   * Offers to make another device one of this person's: show `text`, await `request`, compare its digits if it has any, and `confirm()`.
   * The new device is let into every document. [KM22]
   */
  async pairDevice({ by = 'qr', app }: PairOptions = {}): Promise<PairingOffer> {
    const personal = await this.#personal.ensure()
    await personal.document.provider.whenSynced()
    const letIn = (): Promise<void> => this.#personal.letIn()
    const parts = { installation: this.#installation, personal, letIn, endings: this.#pairings }
    return by === 'qr' ? await offerByQr(parts, app) : await offerByCode(parts)
  }

  /**
   * Answers another device's offer with what it shows: the text of its QR code, or its code. Show the answer's digits if it has any, and
   * `confirm()` where they are the same. This device's own documents (`brings`) join the person's list. Rejects as `openDocument`, and with
   * `NOT_A_PAIRING`, `PAIRING_CODE`, `PAIRING_EXPIRED`, `PAIRING_CLOSED`, `PAIRING_REFUSED`, `PAIRING_DISTURBED`. [KM22]
   */
  async acceptPairing(text: string): Promise<PairingAnswer> {
    const parts = {
      installation: this.#installation,
      adopt: async (link: LinkFragment) => await this.#personal.adoptByLink(link),
      brings: this.list().filter(({ isReady }) => isReady).length,
      endings: this.#pairings,
    }
    return isPairingLink(text) ? answerQr(parts, text) : await answerCode(parts, text)
  }

  /**
   * Removes a device of this person's, a lost one say, from the list of devices and from every document, and from each what it alone had let
   * in. It outlasts this run: offline it waits, and a document that fails is told by `error` and tried again, by whichever of this person's
   * devices comes to it first. Resolves when the device is off the list and each document has been tried once, with the devices of the list
   * that it had let in or confirmed: ask for each whether it is this person's, and remove those that are not. Rejects with `THIS_DEVICE`.
   */
  async removeDevice(id: string): Promise<readonly OwnDevice[]> {
    return await this.#personal.removeDevice(bytesOf(id))
  }

  /**
   * This device's keys, sealed under a recovery key that is shown once: whoever has both is this device. Make a new one after `restore`.
   * [KM21]
   */
  async exportRecovery(): Promise<Recovery> {
    await this.#open.whenStored()
    return writeRecovery(await this.#installation.exportKeys())
  }

  /**
   * Opens a document that was exported to a file (`SealedDocument.exportDocument`), without a relay: by the file's key, or, where this device is
   * a member of it, without one. In the latter case the device keeps what its own relay has signed of it (`signed`), from the first entry on, and
   * `openDocument` opens that by its id, offline too; whatever else is in the file can be read, and changes nothing. Rejects as `importDocument`,
   * with `FORK` where the relay has signed another history for this device, and with `GENESIS_CONFLICT`: nothing is overwritten. [EX5]
   */
  async importDocument(file: ExportedFile, { key }: { readonly key?: string } = {}): Promise<ImportedDocument> {
    const { device } = this.#installation
    const imported = await importDocument(file, { device, ...(key === undefined ? {} : { key }) })
    await keepImported(this.#installation, imported)
    return imported
  }

  /** Closes every document and leaves the relay. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const end of this.#pairings) end()
    this.#personal.close()
    this.#open.close()
    this.#installation.close()
    this.destroy()
  }

  /** Which document a link, or an id, is of, and how to come by it. */
  #way(link: string, { name = '', doc }: CreateOptions): DocumentWay {
    checkTitle(name)
    if (/^[A-Za-z0-9_-]{22}$/.test(link)) return { id: link, open: () => this.#openKnown(link, doc) }
    const { kind, fragment } = readLink(link)
    if (kind !== 'document') throw linkError('NOT_A_DOCUMENT')
    const decoded = decodeLinkFragment(fragment)
    const id = bytesToBase64url(documentIdOf(decoded.genesisHash))
    return { id, open: () => this.#openByLink(decoded, name, doc) }
  }

  async #openKnown(id: string, doc: Y.Doc | undefined): Promise<SealedDocument> {
    const open = this.#open.get(id)
    if (open !== null) return open
    this.#open.checkRoom()
    const genesisHash = await this.#open.genesisOf(id, this.#personal.list)
    if (genesisHash === null) throw new SyncError('UNKNOWN_DOCUMENT', 'this device does not know that document')
    if (this.#personal.isWaiting(id)) {
      throw new SyncError('ACCESS_PENDING', 'another of your devices has yet to let this one in: switch it on')
    }
    return await this.#open.open(genesisHash, doc)
  }

  async #openByLink(link: LinkFragment, name: string, doc: Y.Doc | undefined): Promise<SealedDocument> {
    const { genesisHash } = link
    const id = bytesToBase64url(documentIdOf(genesisHash))
    const known = await this.#open.genesisOf(id, this.#personal.list)
    if (known !== null && !equalBytes(known, genesisHash)) {
      throw new SyncError('GENESIS_CONFLICT', 'this device knows that document by another genesis')
    }
    if (this.#open.get(id) === null) this.#open.checkRoom()
    const document = await enterByLink({
      installation: this.#installation,
      open: this.#open,
      link,
      doc,
      isKnown: known !== null,
    })
    await this.#personal.add({ genesisHash, name, addedAt: wallClock() })
    return document
  }
}
