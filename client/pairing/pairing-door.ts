/**
 * Who may wait at a person's own document to be one of their devices: whoever came by an offer that stands. When the offer is over, its link
 * is taken back, and who came by it and was not confirmed goes, so that nobody reads on whom no person has let in. Rules KM22, CL12.
 *
 * @module
 */
import {
  bytesToBase64url,
  deviceIdOf,
  equalBytes,
  sodiumSha512,
  type Bytes,
  type Certificate,
  type Member,
  type RecordPlace,
} from '@y-sealed/protocol'
import type { MadeLink, SealedDocument } from '../documents/sealed-document.ts'
import { removeMember } from '../members/intents/remove-devices.ts'
import { revokeLink } from '../members/intents/link.ts'
import type { Membership } from '../members/membership.ts'
import type { Intent } from '../members/record-tools.ts'
import { startTimer, wallClock, type Cancel } from '../platform.ts'
import type { TabHolds } from '../stores/tab-holds.ts'

/** From the first sight of the code to the end. */
export const PAIRING_LIFETIME_MS: number = 10 * 60_000

/** When, and by whom, a link was made. */
interface Offered {
  readonly since: RecordPlace
  readonly expiresAt: number
}

export class PairingDoor {
  readonly #document: SealedDocument
  readonly #membership: Membership
  /** Links of the offers that stand, by their ids as text. */
  readonly #deadlineByLink = new Map<string, Cancel>()
  /** Links of this device's offers that are over, by their ids as text: another tab's offer may stand. */
  readonly #over = new Set<string>()
  readonly #holds: TabHolds | null
  /** A link that is being made is not known by its id yet. */
  #making = 0
  /** Taken before a link is made: by it other tabs see that offers stand here. Gives what ends it. */
  #hold: Promise<() => void> | null = null

  /** `holds`: how this device's tabs tell each other, if they can. */
  constructor(document: SealedDocument, membership: Membership, holds: TabHolds | null) {
    this.#document = document
    this.#membership = membership
    this.#holds = holds
  }

  /**
   * Makes an offer's link. Who comes by it reads the list, and no more, until it is confirmed: it is no admin's link. A device that came by
   * an earlier one and was never confirmed goes: only so can it come once more.
   */
  async open(): Promise<MadeLink> {
    this.#making += 1
    try {
      this.#hold ??= this.#holds?.hold(this.#holdName) ?? null
      await this.#hold
      for (const { id, role } of this.#membership.members.all) {
        if (role !== 'admin') await this.#document.change(removeUnconfirmed(id))
      }
      const expires = new Date(wallClock() + PAIRING_LIFETIME_MS)
      const link = await this.#document.makeLink({ role: 'reader', uses: 1, expires })
      const expire = (): void => void this.close(link).catch(() => undefined)
      this.#deadlineByLink.set(bytesToBase64url(link.id), startTimer(PAIRING_LIFETIME_MS, expire))
      return link
    } finally {
      this.#making -= 1
      this.#letGo()
    }
  }

  /** The offer with this link is over. Resolves when nobody can come, or stay, by it. */
  async close({ id }: MadeLink): Promise<void> {
    const name = bytesToBase64url(id)
    this.#deadlineByLink.get(name)?.()
    this.#deadlineByLink.delete(name)
    this.#over.add(name)
    this.#letGo()
    await this.tidy()
  }

  /** Ends what no offer stands for: offers of this device's earlier runs, and whoever came by an offer that has expired. */
  async tidy(): Promise<void> {
    const isHeld = (await this.#holds?.isHeld(this.#holdName)) ?? false
    if (this.#making > 0 || this.#document.role !== 'admin') return
    const { links, all } = this.#membership.members
    for (const { id, since, expiresAt } of links) {
      if (this.#isOver(id, { since, expiresAt, isHeld })) await this.#document.change(revokeLink(id))
    }
    for (const member of all) {
      if (member.role !== 'admin' && this.#isLeft(member, isHeld))
        await this.#document.change(removeUnconfirmed(member.id))
    }
  }

  /** Nothing is looked after any more; the next run tidies. */
  leave(): void {
    for (const cancel of this.#deadlineByLink.values()) cancel()
    this.#deadlineByLink.clear()
    this.#letGo()
  }

  get #holdName(): string {
    return `pairing/${bytesToBase64url(this.#membership.documentId)}`
  }

  #letGo(): void {
    if (this.#making > 0 || this.#deadlineByLink.size > 0) return
    void this.#hold?.then((release) => release())
    this.#hold = null
  }

  #isLeft({ link }: Member, isHeld: boolean): boolean {
    const made = link === null ? null : this.#madeBy(link)
    return link === null || made === null || this.#isOver(link, { ...made, isHeld })
  }

  /**
   * An offer of another device's, or of another tab, may stand as long as its link may live. Which of a device's offers another tab holds is not
   * asked: one that a lost run has left beside it waits for the next look.
   */
  #isOver(link: Bytes, { since: { author, seq }, expiresAt, isHeld }: Offered & { readonly isHeld: boolean }): boolean {
    const name = bytesToBase64url(link)
    if (this.#deadlineByLink.has(name)) return false
    const { members, device } = this.#membership
    if (members.memberOf(author)?.role !== 'admin' || this.#over.has(name) || expiresAt * 1_000 < wallClock())
      return true
    return equalBytes(author, device.id) && !isHeld && this.#isEarlier(seq)
  }

  /** Was there when this run first opened the document: what came since may be another tab's, which a `sync` would be too late to tell. */
  #isEarlier(seq: number): boolean {
    const { openedAt } = this.#document.provider
    return openedAt !== null && seq <= openedAt
  }

  #madeBy(link: Bytes): Offered | null {
    for (const { seq, record } of this.#membership.records) {
      if (record.body.type !== 'link') continue
      const { certificate, expiresAt } = record.body
      if (equalBytes(linkId(certificate), link)) return { since: { seq, author: record.envelope.device }, expiresAt }
    }
    return null
  }
}

/** Nothing to do where it has been confirmed in between. */
function removeUnconfirmed(member: Bytes): Intent {
  const remove = removeMember(member)
  return (members, tools) => {
    const isWaiting = members.all.some(({ id, role }) => equalBytes(id, member) && role !== 'admin')
    return isWaiting ? remove(members, tools) : null
  }
}

function linkId({ signPublic, boxPublic }: Certificate): Bytes {
  return deviceIdOf(sodiumSha512, signPublic, boxPublic)
}
