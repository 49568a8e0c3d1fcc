/**
 * One document in the app's own words: its text, who may what in it, and how to change that. Rules KM10, KM12, KM17–KM20, CL10.
 *
 * @module
 */
import {
  base64urlToBytes,
  bytesToBase64url,
  SyncError,
  type Bytes,
  type Certificate,
  type MemberRole,
  type Role,
} from '@y-sealed/protocol'
import { randomBytes } from '@y-sealed/protocol/sealing'
import { ObservableV2 } from 'lib0/observable'
import type { Awareness } from 'y-protocols/awareness'
import type * as Y from 'yjs'
import type { RelayConnection } from '../connection/relay-connection.ts'
import type { DocumentExport } from '../export/export-document.ts'
import type { SealedHistory } from '../history/sealed-history.ts'
import { linkDevice } from '../links/link-device.ts'
import { decodeLinkFragment, encodeLinkFragment, type LinkFragment } from '../links/link-fragment.ts'
import { readLink, writeLink } from '../links/link-url.ts'
import { giveKeyAgain, rotateKey } from '../members/intents/change-key.ts'
import { changeRole } from '../members/intents/change-role.ts'
import { addMember } from '../members/intents/let-in.ts'
import { makeLink, revokeLink } from '../members/intents/link.ts'
import { leaveDocument, removeMember, removeOwnDevice } from '../members/intents/remove-devices.ts'
import type { Membership } from '../members/membership.ts'
import type { Intent } from '../members/record-tools.ts'
import { safetyCode, type SafetyCode } from '../members/safety-code.ts'
import { wallClock } from '../platform.ts'
import { closedError, isLeft } from '../provider/down-reason.ts'
import type { SealedProvider } from '../provider/sealed-provider.ts'
import { nameBytes } from './installation.ts'
import { memberChange, type MemberChange } from './member-change.ts'
import { viewLinks, viewMemberOf, viewMembers, type LinkView, type MemberView } from './member-view.ts'
import { isStranger } from './stranger.ts'

/** What an invitation may do. */
export interface InviteOptions {
  /** Never above one's own; default `writer`. */
  readonly role?: MemberRole
  /** The relay refuses the link afterwards; default in 30 days, `null` for never. */
  readonly expires?: Date | null
  /** How many devices may join by it; default 0, any number. */
  readonly uses?: number
  /** Shown in the list of links; sealed. */
  readonly name?: string
  /** The app's address, `https://…`; without one the link is `#…` alone. */
  readonly app?: string
}

export interface DocumentEvents {
  /** Members, roles, devices or names are others now. */
  members: (members: readonly MemberView[]) => void
  links: (links: readonly LinkView[]) => void
  /** Somebody changed something while this document was open: one event for each record, oldest first. */
  change: (change: MemberChange) => void
  /** What this device may do now; `none` when it was removed. */
  role: (role: Role) => void
  deleted: () => void
  /**
   * For good: it was removed (`REMOVED`; `NOT_A_MEMBER` where that is all the relay says) or deleted, and `ended` follows. Or the relay is not to be
   * believed (`integrity` of the provider, `syncStatus` `rolled-back` or `spoilt`): then the document stays open, keeps what is written, and goes on by
   * itself once the relay has made up for it, or what it lost is given up. [CL30]
   */
  closed: (reason: SyncError) => void
  /** Last of all, also when it was closed here: nothing is told any more. */
  ended: () => void
}

/** A link that was just made. */
export interface MadeLink {
  readonly fragment: LinkFragment
  /** 16 bytes. */
  readonly id: Bytes
}

export interface SealedDocumentParts {
  readonly membership: Membership
  readonly provider: SealedProvider
  readonly connection: RelayConnection
  /** The app closes it; false where others have it on loan. */
  readonly letGo: () => boolean
  /** Told once: `CLOSED` by the app, `LEFT` where this person left or deleted it here, or why the relay or the records ended it. */
  readonly onEnd: (code: string) => void
}

const MONTH_MS = 30 * 24 * 3_600_000
const MAX_USES = 0xffffffff
/** Characters of an id as text. */
const ID_LENGTH = 22

/** Made by `SealedDocuments`. */
export class SealedDocument extends ObservableV2<{ [K in keyof DocumentEvents]: DocumentEvents[K] }> {
  /** base64url of the 16 bytes that name the document on the wire. */
  readonly id: string
  /** What editors bind to. */
  readonly provider: SealedProvider
  readonly #membership: Membership
  readonly #connection: RelayConnection
  readonly #letGo: () => boolean
  readonly #onEnd: (code: string) => void
  readonly #unsubscribe: () => void
  #role: Role
  /** What was before the first opening is no news; what came while the network was away is. */
  #knowsHistory = false
  #isAnnouncing = false
  #isOver = false
  /** Being removed, or that it is deleted, is what was asked for. */
  #isLeaving = false

  constructor({ membership, provider, connection, letGo, onEnd }: SealedDocumentParts) {
    super()
    this.id = bytesToBase64url(membership.documentId)
    this.provider = provider
    this.#membership = membership
    this.#connection = connection
    this.#letGo = letGo
    this.#onEnd = onEnd
    this.#role = membership.role
    this.#unsubscribe = membership.subscribe(({ seq, record }) => {
      const change = this.#knowsHistory ? memberChange(record, seq) : null
      if (change !== null) this.emit('change', [change])
      this.#announceSoon()
    })
    provider.on('synced', (synced) => {
      if (synced) this.#knowsHistory = true
    })
    // It ends with the word that follows, after whoever follows the status has heard it.
    provider.on('deleted', () => this.emit('deleted', []))
    provider.on('closed', (reason) => {
      if (!this.#isLeaving) this.emit('closed', [closedError(reason)])
      // What is written while nothing of the relay is believed is kept, and leaves once it is looked at and has made up for it.
      if (!isLeft(reason)) this.#end(reason.code)
    })
  }

  get doc(): Y.Doc {
    return this.provider.doc
  }

  get awareness(): Awareness {
    return this.provider.awareness
  }

  /** 32 bytes. [KM3] */
  get genesisHash(): Bytes {
    return this.#membership.genesisHash
  }

  /** What this device may do; `none` before the relay was reached for the first time. */
  get role(): Role {
    return this.#membership.role
  }

  /** Its versions: who wrote them and when, each to read, compare, name and bring back. */
  history(): SealedHistory {
    return this.provider.history()
  }

  /** All of it in one sealed file, and the key that opens it; see `SealedProvider.exportDocument`. */
  exportDocument(): Promise<DocumentExport> {
    return this.provider.exportDocument()
  }

  /** Everybody, in the order in which they came; changed by others at any time (`on('members')`). */
  members(): readonly MemberView[] {
    return viewMembers(this.#membership)
  }

  /**
   * Who is present under this client id of the awareness, by signature and member log; `null` for nobody, or no member. The name that a
   * presence gives itself anybody may choose: show this one's. [CL7]
   */
  presentMember(clientId: number): MemberView | null {
    const device = this.provider.presentDevice(clientId)
    return device === null ? null : viewMemberOf(this.#membership, device)
  }

  /** Links by which others may still join. */
  links(): readonly LinkView[] {
    return viewLinks(this.#membership)
  }

  /**
   * Makes a link by which others join; resolves once the relay has it. Whoever has the link may join: pass it on as a secret. Rejects with
   * `FORBIDDEN` unless this device is an admin. Throws `RangeError` for an expiry in the past or uses that are no count, `TypeError` for an
   * app's address that is none. [KM12]
   */
  async invite(options: InviteOptions = {}): Promise<string> {
    const { app } = options
    // Before anything is sent: an address that is none must not cost a record.
    if (app !== undefined) writeLink('A', 'document', app)
    const { fragment } = await this.makeLink(options)
    return writeLink(encodeLinkFragment(fragment), 'document', app)
  }

  /** {@link invite} without an address. */
  async makeLink(options: Omit<InviteOptions, 'app'> = {}): Promise<MadeLink> {
    const { role = 'writer', uses = 0, name = '', expires = new Date(wallClock() + MONTH_MS) } = options
    if (!Number.isInteger(uses) || uses < 0 || uses > MAX_USES) throw new RangeError('uses is 0 or a count')
    if (expires !== null && !(expires.getTime() > wallClock()))
      throw new RangeError('the link would have expired already')
    nameBytes(name)
    const expiresAt = expires === null ? 0 : Math.ceil(expires.getTime() / 1_000)
    const seed = randomBytes(32)
    const link = linkDevice(seed)
    await this.change(makeLink(link, { role, expiresAt, uses, name }))
    const { headKey } = this.#connection
    const head = this.provider.signedHead
    if (headKey === null || head === null) throw new SyncError('OFFLINE', 'the relay has not signed a head yet')
    return { id: link.id, fragment: { genesisHash: this.genesisHash, seed, headKey, head } }
  }

  /** Ends a link, given as such or by its id in {@link links}. Who joined by it stays. Changes the key. Throws `LINK_MALFORMED`. [KM17] */
  async revokeLink(link: string): Promise<void> {
    const id =
      link.length === ID_LENGTH ? bytesOf(link) : linkDevice(decodeLinkFragment(readLink(link).fragment).seed).id
    await this.change(revokeLink(id))
  }

  /** Gives a member another role. Rejects with `FORBIDDEN`, `UNKNOWN_MEMBER`, or `LAST_ADMIN` before anything is sent. */
  async setRole(member: string, role: MemberRole): Promise<void> {
    await this.change(changeRole(this.#deviceOf(member), role))
  }

  /**
   * Removes a member with all devices: they read nothing that is written from then on, and every link ends. Rejects with `FORBIDDEN`, with
   * `UNKNOWN_MEMBER` for one who never was, and with `LAST_ADMIN` before anything is sent. [KM17]
   */
  async remove(member: string): Promise<void> {
    const id = bytesOf(member)
    if (this.#membership.members.certificateOf(id) === null) throw unknownMember()
    await this.change(removeMember(id))
  }

  /** Removes a device of one's own. Rejects with `NOT_OWN_DEVICE`, `LAST_ADMIN`. */
  async removeDevice(device: string): Promise<void> {
    await this.change(removeOwnDevice(bytesOf(device)))
  }

  /** Makes a device a member by its certificate (128 bytes as fields), where no link is wanted. Rejects with `FORBIDDEN`, `ALREADY_A_MEMBER`. */
  async addMember(certificate: Certificate, role: MemberRole, name = ''): Promise<void> {
    await this.change(addMember(certificate, role, name))
  }

  /** Changes the key: what is written from then on is not read with any key that was given away before. Links stay. */
  async rotate(): Promise<void> {
    await this.change(rotateKey())
  }

  /** Gives every member the key once more, for those whose copy did not open (`integrity` reports it to them). */
  async repair(): Promise<void> {
    const { members } = this.#membership
    await this.change(giveKeyAgain(members.epoch.epoch, [...members.deviceIds()]))
  }

  /**
   * Leaves with all of one's devices, and closes the document here. Rejects with `LAST_ADMIN` for the last admin, before anything is sent:
   * make somebody else one, or {@link deleteDocument}. [KM18]
   */
  async leave(): Promise<void> {
    this.#isLeaving = true
    try {
      await this.change(leaveDocument())
    } finally {
      this.#isLeaving = false
    }
    this.#end('LEFT')
  }

  /** What all members see alike, to be compared by eye or on the telephone. It changes with every change of members. [KM20] */
  safetyCode(): SafetyCode {
    return safetyCode(this.genesisHash, this.#membership.recordHead)
  }

  /** Deletes it for everybody, for ever. Rejects with `OFFLINE`, or `FORBIDDEN` unless this device is an admin. */
  async deleteDocument(): Promise<void> {
    this.#isLeaving = true
    try {
      await this.provider.deleteDocument()
    } finally {
      this.#isLeaving = false
    }
    this.#end('LEFT')
  }

  /** Makes a record for an intent. Resolves once it counts, or there was nothing to do; offline, it waits. */
  async change(intent: Intent): Promise<void> {
    await this.provider.changeMembers(intent)
  }

  /**
   * Leaves the relay; edits that are not saved are kept in the outbox. While parts of the app have it on loan (`SealedDocuments.borrowDocument`),
   * this only says that the app itself is done with it: the last of them closes it.
   */
  close(): void {
    if (this.#letGo()) this.#end('CLOSED')
  }

  #end(code: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#unsubscribe()
    const isAsAsked = this.#isLeaving && (isStranger(code) || code === 'DELETED')
    this.#onEnd(isAsAsked ? 'LEFT' : code)
    this.provider.destroy()
    this.emit('ended', [])
    this.destroy()
  }

  /** Once for all records that come together. */
  #announceSoon(): void {
    if (this.#isAnnouncing) return
    this.#isAnnouncing = true
    queueMicrotask(() => {
      this.#isAnnouncing = false
      if (this.#isOver) return
      this.emit('members', [this.members()])
      this.emit('links', [this.links()])
      const { role } = this
      if (role === this.#role) return
      this.#role = role
      this.emit('role', [role])
    })
  }

  /** Any device of a member: roles are given to members whole. */
  #deviceOf(member: string): Bytes {
    const known = this.#membership.members.all.find(({ id }) => bytesToBase64url(id) === member)
    if (known === undefined) throw unknownMember()
    return (known.devices[0] as { id: Bytes }).id
  }
}

function unknownMember(): SyncError {
  return new SyncError('UNKNOWN_MEMBER', 'there is no such member')
}

/** An id as {@link MemberView} and {@link LinkView} have it. Throws `TypeError` for what is none. */
export function bytesOf(id: string): Bytes {
  const bytes = base64urlToBytes(id)
  if (bytes?.length !== 16) throw new TypeError('an id is base64url of 16 bytes')
  return bytes
}
