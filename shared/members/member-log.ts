/**
 * The member log: takes records in the order of the log, says of each whether it counts, and keeps what they add up to. Whether a
 * record counts is a function of the records before it and of nothing else, so that whoever has only the records knows as much as who
 * has the log. It holds no key that is secret. Rules KM10, KM11, KM16–KM18.
 *
 * @module
 */
import { bytesToHex, equalBytes, type Bytes } from '../bytes.ts'
import type { Sha512 } from '../crypto/hash.ts'
import { verifySignature } from '../crypto/signature.ts'
import type { Envelope } from '../envelope/envelope.ts'
import { envelopeId, signatureInput } from '../envelope/id.ts'
import { KIND } from '../envelope/kind.ts'
import { unreachable } from '../unreachable.ts'
import { verifyCertificate, type Certificate } from './certificate.ts'
import { deviceIdOf } from './device-id.ts'
import { endsLink } from './ended-links.ts'
import { documentIdOf, genesisHash, type MembersGenesis } from './genesis.ts'
import { judgeRecord, type RecordRefusal, type RoleChanges } from './judge-record.ts'
import { Members, type MemberDevice, type NameInRecord, type RecordPlace } from './members.ts'
import { decodeRecord, type RecordBody } from './record.ts'
import type { Rotation } from './rotation.ts'

/** A record that counts at this place, and what it does. */
export interface CountedRecord {
  readonly ok: true
  readonly envelope: Envelope
  /** 32 bytes: the record head once it is applied. [EN6] */
  readonly id: Bytes
  readonly body: RecordBody
  readonly roles: RoleChanges
  /** The epoch that it opens, or `null`: leaving opens none. */
  readonly rotation: Rotation | null
  /** After it nothing is sealed under the epoch in force. [KM18] */
  readonly closesEpoch: boolean
}

export type RecordVerdict = CountedRecord | { readonly ok: false; readonly reason: RecordRefusal }

export class MemberLog {
  readonly members: Members = new Members()
  readonly #sha512: Sha512
  readonly #genesisHash: Bytes
  readonly #document: Bytes
  #recordHead: Bytes = new Uint8Array(32)
  #recordSeq = 0

  /** An empty log of the document whose genesis hashes to `genesisHash` (32 bytes). */
  constructor(sha512: Sha512, hash: Bytes) {
    this.#sha512 = sha512
    this.#genesisHash = hash
    this.#document = documentIdOf(hash)
  }

  /** Id of the newest counted record, 32 bytes; zeros before the genesis. */
  get recordHead(): Bytes {
    return this.#recordHead
  }

  /** Its seq; 0 before the genesis. */
  get recordSeq(): number {
    return this.#recordSeq
  }

  /** Would this record count as the next one? Nothing changes. Never throws. [KM16] */
  judge(envelope: Envelope): RecordVerdict {
    const decoded = envelope.kind === KIND.record ? decodeRecord(envelope.sealed) : null
    if (!decoded?.ok || !equalBytes(envelope.document, this.#document)) return refuse('malformed')
    const body = decoded.value
    if (this.#recordSeq === 0) return this.#judgeGenesis(envelope, body)
    if (!equalBytes(body.recordPrev, this.#recordHead)) return refuse('stale')
    const { epoch, commitment } = this.members.epoch
    if (envelope.epoch !== epoch) return refuse('epoch')
    const author = this.#authorOf(envelope, body)
    if (author === null) return refuse('stranger')
    const id = envelopeId(this.#sha512, commitment, envelope)
    if (!verifySignature(envelope.signature, signatureInput(id), author.signPublic)) return refuse('signature')
    const trial = { author: envelope.device, body, genesisHash: this.#genesisHash }
    const roles = judgeRecord(this.#sha512, this.members, trial)
    if (typeof roles === 'string') return refuse(roles)
    const rotation = 'rotation' in body ? body.rotation : null
    const closesEpoch = rotation !== null && rotation.epoch === epoch
    return { ok: true, envelope, id, body, roles, rotation: closesEpoch ? null : rotation, closesEpoch }
  }

  /** Takes a record that {@link judge} has just found to count, at its place. */
  apply(record: CountedRecord, seq: number): void {
    const { envelope, body, rotation, closesEpoch } = record
    const place: RecordPlace = { seq, author: envelope.device }
    const ended = new Set(this.members.links.filter(endsLink(this.members, body)).map(({ id }) => bytesToHex(id)))
    this.#change(body, place)
    if (ended.size > 0) this.members.endLinks(({ id }) => ended.has(bytesToHex(id)))
    if (closesEpoch) this.members.closeEpoch(seq)
    if (rotation !== null) {
      // A copy: the record that it stands in may be large, and need not be kept for it.
      this.members.openEpoch({ epoch: rotation.epoch, commitment: rotation.commitment.slice(), openedAt: seq })
    }
    this.#recordHead = record.id
    this.#recordSeq = seq
  }

  /** {@link judge} and, where it counts, {@link apply}. */
  take(envelope: Envelope, seq: number): RecordVerdict {
    const verdict = this.judge(envelope)
    if (verdict.ok) this.apply(verdict, seq)
    return verdict
  }

  /**
   * Takes a record that is known to count, because whoever stored it has judged it: no signature is verified. For a store's own log
   * and nothing else. Throws `TypeError` for what is no record.
   */
  replay(envelope: Envelope, seq: number): void {
    const decoded = decodeRecord(envelope.sealed)
    if (!decoded.ok) throw new TypeError('a stored record cannot be read')
    const body = decoded.value
    const commitment = body.type === 'genesis' ? body.commitment : this.members.epoch.commitment
    const rotation = 'rotation' in body ? body.rotation : null
    const closesEpoch = rotation !== null && rotation.epoch === this.members.epoch.epoch
    const id = envelopeId(this.#sha512, commitment, envelope)
    const opened = closesEpoch ? null : rotation
    this.apply({ ok: true, envelope, id, body, roles: [], rotation: opened, closesEpoch }, seq)
  }

  /** Who joins brings the key; everybody else is a member. */
  #authorOf({ device }: Envelope, body: RecordBody): Certificate | null {
    if (body.type === 'join') return body.certificate
    return this.members.memberOf(device) === null ? null : this.members.certificateOf(device)
  }

  #judgeGenesis(envelope: Envelope, body: RecordBody): RecordVerdict {
    const isOurs = equalBytes(genesisHash(this.#sha512, envelope.sealed), this.#genesisHash)
    if (!isOurs || body.type !== 'genesis' || body.mode !== 'members') return refuse('malformed')
    if (envelope.epoch !== 1) return refuse('epoch')
    const { signPublic, boxPublic } = body.certificate
    const device = deviceIdOf(this.#sha512, signPublic, boxPublic)
    if (!verifyCertificate(body.certificate) || !equalBytes(device, envelope.device)) return refuse('certificate')
    const id = envelopeId(this.#sha512, body.commitment, envelope)
    if (!verifySignature(envelope.signature, signatureInput(id), signPublic)) return refuse('signature')
    const roles = [{ device, role: 'admin' as const }]
    return { ok: true, envelope, id, body, roles, rotation: null, closesEpoch: false }
  }

  #change(body: RecordBody, place: RecordPlace): void {
    const { members } = this
    switch (body.type) {
      case 'genesis':
        return this.#found(body as MembersGenesis & RecordBody, place)
      case 'add': {
        const device = this.#device(body.certificate, place, this.#name(body.sealedName))
        const sponsor = members.memberOf(place.author)
        if (body.sponsored && sponsor !== null) return members.addDevice(device, sponsor)
        return members.addMember(device, body.role, null)
      }
      case 'role': {
        const member = members.memberOf(body.device)
        return member === null ? undefined : members.setRole(member, body.role, place.seq)
      }
      case 'link': {
        const { certificate, role, expiresAt, uses, sealedName } = body
        const { id } = this.#device(certificate, place, this.#name(sealedName))
        return members.addLink({
          id,
          certificate,
          role,
          expiresAt,
          uses,
          used: 0,
          since: place,
          name: this.#name(sealedName),
        })
      }
      case 'join': {
        const link = members.link(body.link)
        if (link === null) return
        members.useLink(link)
        return members.addMember(this.#device(body.certificate, place, this.#name(body.sealedName)), link.role, link.id)
      }
      case 'remove':
        for (const [device] of body.devices) members.removeDevice(device.slice(), place.seq)
        return
      case 'revoke-link':
      case 'epoch':
      case 'rewrap':
      case 'restart':
        return
      default:
        return unreachable(body, 'record')
    }
  }

  #found(genesis: MembersGenesis, place: RecordPlace): void {
    this.members.openEpoch({ epoch: 1, commitment: genesis.commitment, openedAt: place.seq })
    const name = { sealed: genesis.sealedName, epoch: 1 }
    this.members.addMember(this.#device(genesis.certificate, place, name), 'admin', null)
  }

  #device(certificate: Certificate, since: RecordPlace, name: NameInRecord): MemberDevice {
    const id = deviceIdOf(this.#sha512, certificate.signPublic, certificate.boxPublic)
    return { id, certificate, since, name }
  }

  #name(sealed: Bytes): NameInRecord {
    return { sealed, epoch: this.members.epoch.epoch }
  }
}

function refuse(reason: RecordRefusal): RecordVerdict {
  return { ok: false, reason }
}
