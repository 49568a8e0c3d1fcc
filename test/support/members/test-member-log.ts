/**
 * Records as anybody might make them, honest or not: signed by any key in any name, upon any head. Nothing here asks whether a record
 * may stand; {@link TestMemberLog} only keeps what is needed to make the next one.
 *
 * @module
 */
import {
  documentIdOf,
  encodeCertificate,
  encodeRecord,
  Envelope,
  envelopeId,
  genesisHash,
  HEADER_BYTES,
  joinInput,
  KIND,
  MemberLog,
  packDevices,
  packWraps,
  SIGNATURE_BYTES,
  signatureInput,
  sodiumSha512,
  startTranscript,
  writeHeader,
  type Bytes,
  type Kind,
  type MemberRole,
  type RecordFields,
  type RecordVerdict,
  type Rotation,
} from '@y-sealed/protocol'
import { randomBytes, type Device } from '@y-sealed/protocol/sealing'

import { createTestDevice } from '../raw-client.ts'

const NO_NAME = new Uint8Array(0)
/** Nobody who judges a record opens a wrap. */
const SOME_WRAP = new Uint8Array(80).fill(7)

/** Everything in a record's envelope that an author could choose. */
export interface Choices {
  readonly kind: Kind
  readonly document: Bytes
  readonly epoch: number
  /** Of the epoch: it enters the id. */
  readonly commitment: Bytes
  /** Whose name it bears. */
  readonly device: Bytes
  readonly recordPrev: Bytes
  /** Whose key signs it. */
  readonly signer: Device
  readonly sign: (input: Bytes) => Bytes
  readonly counter: number
  readonly session: Bytes
  /** What its author had seen; by default nothing. */
  readonly seen?: { readonly seq: number; readonly transcript: Bytes }
}

/** Seals a body under exactly these choices. */
export function sealBody(body: Bytes, choices: Omit<Choices, 'recordPrev' | 'signer'>): Envelope {
  const { kind, document, epoch, commitment, device, sign, counter, session, seen } = choices
  const bytes = writeHeader({
    kind,
    document,
    epoch,
    device,
    session,
    counter,
    prev: new Uint8Array(16),
    seenSeq: seen?.seq ?? 0,
    seenTranscript: seen?.transcript.slice(0, 16) ?? new Uint8Array(16),
    nonce: new Uint8Array(24),
    length: body.length,
  })
  bytes.set(body, HEADER_BYTES)
  const id = envelopeId(sodiumSha512, commitment, new Envelope(bytes))
  bytes.set(sign(signatureInput(id)), bytes.length - SIGNATURE_BYTES)
  return new Envelope(bytes)
}

/** Which rotation a record carries; what is not said is as it must be. */
export interface RotationChoices {
  readonly epoch?: number
  readonly commitment?: Bytes
  readonly backLink?: Bytes
  /** To whom the key is sealed; by default every device that is a member's but those in `without`, and no link. */
  readonly wraps?: readonly Bytes[]
  readonly without?: readonly Bytes[]
  readonly links?: readonly Bytes[]
}

/** A member log, and the next record for it. */
export class TestMemberLog {
  readonly creator: Device
  readonly hash: Bytes
  readonly document: Bytes
  readonly genesis: Envelope
  /** What somebody has seen who has seen nothing. [LO3] */
  readonly start: NonNullable<Choices['seen']>
  readonly log: MemberLog
  /** Every record that was taken, with its seq. */
  readonly taken: { readonly seq: number; readonly envelope: Envelope }[] = []
  /** Seq of the next record. */
  seq = 2

  constructor(creator: Device = createTestDevice(), isBegun = true, commitment: Bytes = randomBytes(32)) {
    const body = encodeRecord({
      type: 'genesis',
      recordPrev: new Uint8Array(32),
      mode: 'members',
      salt: randomBytes(16),
      certificate: creator.certificate(),
      commitment,
      wrap: SOME_WRAP,
      sealedName: NO_NAME,
    })
    this.creator = creator
    this.hash = genesisHash(sodiumSha512, body)
    this.document = documentIdOf(this.hash)
    this.start = { seq: 0, transcript: startTranscript(sodiumSha512, this.hash) }
    this.genesis = sealBody(body, {
      kind: KIND.record,
      document: this.document,
      epoch: 1,
      commitment,
      device: creator.id,
      sign: (input) => creator.sign(input),
      counter: 1,
      session: randomBytes(8),
      seen: this.start,
    })
    this.log = new MemberLog(sodiumSha512, this.hash)
    if (isBegun) this.take(this.genesis, 1)
  }

  /** A record by `signer`, upon the head and in the epoch in force, but for what `changes` say. */
  make(signer: Device, fields: RecordFields, changes: Partial<Choices> = {}): Envelope {
    const { epoch, commitment } = this.log.members.epoch
    const recordPrev = changes.recordPrev ?? this.log.recordHead
    return sealBody(encodeRecord({ recordPrev, ...fields }), {
      kind: KIND.record,
      document: this.document,
      epoch,
      commitment,
      device: signer.id,
      sign: (input) => (changes.signer ?? signer).sign(input),
      counter: 1,
      session: randomBytes(8),
      seen: this.start,
      ...changes,
    })
  }

  /** What the log says of such a record; nothing changes. */
  judge(signer: Device, fields: RecordFields, changes: Partial<Choices> = {}): string {
    return outcomeOf(this.log.judge(this.make(signer, fields, changes)))
  }

  take(envelope: Envelope, seq = this.seq++): string {
    const verdict = this.log.take(envelope, seq)
    if (verdict.ok) this.taken.push({ seq, envelope })
    return outcomeOf(verdict)
  }

  /** Makes a record and takes it; `counts`, or why not. */
  do(signer: Device, fields: RecordFields, changes: Partial<Choices> = {}): string {
    return this.take(this.make(signer, fields, changes))
  }

  /** {@link do} for what must count. Throws otherwise. */
  must(signer: Device, fields: RecordFields): void {
    const outcome = this.do(signer, fields)
    if (outcome !== 'counts') throw new Error(`a record of type ${fields.type} does not count: ${outcome}`)
  }

  rotation(choices: RotationChoices = {}): Rotation {
    const { members } = this.log
    const without = new Set((choices.without ?? []).map(String))
    const staying = [...members.deviceIds()].filter((id) => !without.has(String(id)))
    const holders = choices.wraps ?? [...staying, ...(choices.links ?? [])]
    return {
      epoch: choices.epoch ?? members.epoch.epoch + 1,
      commitment: choices.commitment ?? randomBytes(32),
      backLink: choices.backLink ?? randomBytes(72),
      wraps: packWraps(holders.map((id) => [id, SOME_WRAP])),
    }
  }

  voidRotation(choices: RotationChoices = {}): Rotation {
    const { epoch, commitment } = this.log.members.epoch
    return this.rotation({ epoch, commitment, backLink: new Uint8Array(72), wraps: [], ...choices })
  }

  join(link: Device, joiner: Device, recordPrev: Bytes = this.log.recordHead): RecordFields {
    const certificate = joiner.certificate()
    const linkSignature = link.sign(joinInput(this.hash, recordPrev, encodeCertificate(certificate)))
    return { type: 'join', link: link.id, certificate, linkSignature, wrap: SOME_WRAP, sealedName: NO_NAME }
  }

  /** `add`, as a new member or (where `sponsor` says so) as the signer's own device. */
  add(role: MemberRole, device: Device = createTestDevice(), signer: Device = this.creator, sponsored = false): Device {
    this.must(signer, addFields(device, role, sponsored))
    return device
  }

  link(role: MemberRole = 'writer', uses = 0, link: Device = createTestDevice()): Device {
    this.must(this.creator, linkFields(link, role, uses))
    return link
  }
}

/** `counts`, or why not. */
export function outcomeOf(verdict: RecordVerdict): string {
  return verdict.ok ? 'counts' : verdict.reason
}

export function addFields(device: Device, role: MemberRole, sponsored = false): RecordFields {
  return { type: 'add', sponsored, role, certificate: device.certificate(), wrap: SOME_WRAP, sealedName: NO_NAME }
}

export function linkFields(link: Device, role: MemberRole, uses = 0): RecordFields {
  const certificate = link.certificate()
  return { type: 'link', certificate, role, expiresAt: 0, uses, wrap: SOME_WRAP, sealedName: NO_NAME }
}

export function removeFields(devices: readonly Bytes[], rotation: Rotation): RecordFields {
  return { type: 'remove', devices: packDevices(devices), rotation }
}

export function roleFields(device: Bytes, role: MemberRole): RecordFields {
  return { type: 'role', device, role }
}

export function rewrapFields(epoch: number, holders: readonly Bytes[], backLink: Bytes | null = null): RecordFields {
  return { type: 'rewrap', epoch, backLink, wraps: packWraps(holders.map((id) => [id, SOME_WRAP])) }
}
