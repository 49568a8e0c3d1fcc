/**
 * Vectors of whole member logs: every record with what made it, and what a log that has the records before it says of it; and safety codes.
 *
 * @module
 */
import {
  encodeCertificate,
  encodeRecord,
  joinInput,
  KIND,
  MemberLog,
  packDevices,
  packWraps,
  sodiumSha512,
  type Bytes,
  type Envelope,
  type MemberRole,
  type RecordFields,
  type Rotation,
} from '@y-sealed/protocol'
import { Device, type DeviceSeeds } from '@y-sealed/protocol/sealing'

import { safetyCode } from '../../client/members/safety-code.ts'
import { sealBody } from '../support/members/test-member-log.ts'
import { counting, filled, SEEDS, type Cast } from './cast.ts'
import { signHead } from './log.ts'
import { vector, type Vector, type VectorFile } from './vector.ts'

const PEOPLE = {
  alice: SEEDS.alice,
  bob: SEEDS.bob,
  bobTablet: { sign: filled(32, 0xb3), box: filled(32, 0xb4) },
  carol: { sign: filled(32, 0xca), box: filled(32, 0xcb) },
  mallory: { sign: filled(32, 0x6a), box: filled(32, 0x6b) },
  link: SEEDS.link,
  adminLink: { sign: filled(32, 0xc3), box: filled(32, 0xc4) },
} as const satisfies Record<string, DeviceSeeds>
type Person = keyof typeof PEOPLE

/** Nobody who judges a record opens what is sealed in it. */
const WRAP = filled(80, 0x77)
const NO_NAME = new Uint8Array(0)
const RULES = ['KM9', 'KM10', 'KM11', 'KM16', 'KM17', 'KM18']

interface Choices {
  /** Whose key signs; else the author's. */
  readonly signer?: Person
  readonly epoch?: number
  readonly document?: Bytes
  readonly recordPrev?: Bytes
}

class VectorLog {
  readonly vectors: Vector[] = []
  readonly log: MemberLog
  readonly #name: string
  readonly #cast: Cast
  readonly #devices: Readonly<Record<Person, Device>>
  #seq = 0

  constructor(name: string, cast: Cast) {
    this.#name = name
    this.#cast = cast
    this.#devices = Object.fromEntries(
      Object.entries(PEOPLE).map(([person, seeds]) => [person, new Device(seeds)]),
    ) as Record<Person, Device>
    this.log = new MemberLog(sodiumSha512, cast.genesisHash)
    this.#take('the genesis', 'alice', cast.genesisBody, { epoch: 1, commitment: cast.first.commitment })
  }

  id(person: Person): Bytes {
    return this.#devices[person].id
  }

  /** The next record: by whom, and what. */
  add(what: string, author: Person, fields: RecordFields, choices: Choices = {}): this {
    const recordPrev = choices.recordPrev ?? this.log.recordHead.slice()
    const { epoch, commitment } = this.log.members.epoch
    return this.#take(what, author, encodeRecord({ recordPrev, ...fields }), { epoch, commitment, ...choices })
  }

  #take(
    what: string,
    author: Person,
    body: Bytes,
    {
      signer = author,
      epoch,
      commitment,
      document = this.#cast.document,
    }: Choices & { epoch: number; commitment: Bytes },
  ): this {
    this.#seq += 3
    const session = counting(8, this.#seq)
    const device = this.#devices[author].id
    const sign = (input: Bytes): Bytes => this.#devices[signer].sign(input)
    const envelope = sealBody(body, {
      kind: KIND.record,
      document,
      epoch,
      commitment,
      device,
      session,
      counter: 1,
      sign,
    })
    const { genesisHash } = this.#cast
    const input = { log: this.#name, genesisHash, seq: this.#seq, document, epoch, commitment, device, session, body }
    const output = this.#outcome(envelope)
    this.vectors.push(vector(`${this.#name}: ${what}`, RULES, { ...input, signSeed: PEOPLE[signer].sign }, output))
    return this
  }

  #outcome(envelope: Envelope): Readonly<Record<string, unknown>> {
    const verdict = this.log.take(envelope, this.#seq)
    const { members } = this.log
    return {
      envelope,
      verdict: verdict.ok ? 'counts' : verdict.reason,
      recordHead: this.log.recordHead,
      members: members.all.map(({ id, role, devices }) => ({ id, role, devices: devices.map((each) => each.id) })),
      links: members.links.map(({ id, role, used }) => ({ id, role, used })),
      epoch: members.epoch.epoch,
      closedAt: members.epoch.closedAt,
    }
  }

  newDevice(person: Person, role: MemberRole, sponsored = false): RecordFields {
    const certificate = this.#devices[person].certificate()
    return { type: 'add', sponsored, role, certificate, wrap: WRAP, sealedName: NO_NAME }
  }

  newLink(person: Person, role: MemberRole, uses: number): RecordFields {
    const certificate = this.#devices[person].certificate()
    return { type: 'link', certificate, role, expiresAt: 0, uses, wrap: WRAP, sealedName: NO_NAME }
  }

  join(link: Person, person: Person): RecordFields {
    const certificate = this.#devices[person].certificate()
    const input = joinInput(this.#cast.genesisHash, this.log.recordHead, encodeCertificate(certificate))
    const linkSignature = this.#devices[link].sign(input)
    return { type: 'join', link: this.id(link), certificate, linkSignature, wrap: WRAP, sealedName: NO_NAME }
  }

  /** To these, under a commitment that nobody had. */
  rotation(...holders: readonly Person[]): Rotation {
    const epoch = this.log.members.epoch.epoch + 1
    const wraps = packWraps(holders.map((person) => [this.id(person), WRAP]))
    return { epoch, commitment: filled(32, epoch), backLink: filled(72, 0x55), wraps }
  }

  voidRotation(): Rotation {
    const { epoch, commitment } = this.log.members.epoch
    return { epoch, commitment, backLink: new Uint8Array(72), wraps: packWraps([]) }
  }

  removal(rotation: Rotation, ...people: readonly Person[]): RecordFields {
    return { type: 'remove', devices: packDevices(people.map((person) => this.id(person))), rotation }
  }
}

/** A document from its first day on: everything in it counts. */
function story(cast: Cast): VectorLog {
  const log = new VectorLog('a team', cast)
  log.add('alice adds bob', 'alice', log.newDevice('bob', 'writer'))
  log.add('bob adds his tablet', 'bob', log.newDevice('bobTablet', 'writer', true))
  log.add('alice makes a link for one reader', 'alice', log.newLink('link', 'reader', 1))
  log.add('alice makes a link for admins', 'alice', log.newLink('adminLink', 'admin', 0))
  log.add('carol joins', 'carol', log.join('link', 'carol'))
  log.add('alice promotes carol', 'alice', { type: 'role', device: log.id('carol'), role: 'admin' })
  log.add('carol makes bob a reader', 'carol', { type: 'role', device: log.id('bobTablet'), role: 'reader' })
  log.add('carol rotates', 'carol', { type: 'epoch', rotation: log.rotation('alice', 'bob', 'bobTablet', 'carol') })
  const [lostHead, keptHead] = [signHead(cast, 12, filled(32, 0x9c)), signHead(cast, 9, filled(32, 0x99))]
  log.add('carol gives up what nobody has', 'carol', { type: 'restart', lostHead, keptHead, introduction: null })
  const wraps = packWraps([[log.id('bob'), WRAP]])
  log.add('alice seals to bob again', 'alice', { type: 'rewrap', epoch: 1, backLink: null, wraps })
  log.add('carol removes bob and his tablet', 'carol', log.removal(log.rotation('alice', 'carol'), 'bob', 'bobTablet'))
  log.add('alice leaves', 'alice', log.removal(log.voidRotation(), 'alice'))
  log.add('carol adds bob while the epoch is closed', 'carol', log.newDevice('bob', 'writer'))
  return log.add('bob opens the next epoch', 'bob', { type: 'epoch', rotation: log.rotation('bob', 'carol') })
}

/** One record for each reason not to count. */
function refusals(cast: Cast): VectorLog {
  const log = new VectorLog('what does not count', cast)
  log.add('alice adds bob', 'alice', log.newDevice('bob', 'writer'))
  log.add('bob adds his tablet', 'bob', log.newDevice('bobTablet', 'writer', true))
  const mallory = log.newDevice('mallory', 'reader') as Extract<RecordFields, { type: 'add' }>
  log.add('of another document', 'alice', mallory, { document: filled(16, 0xdd) })
  log.add('signed by another', 'alice', mallory, { signer: 'bob' })
  log.add('upon another head', 'alice', mallory, { recordPrev: filled(32, 0xee) })
  log.add('in an epoch to come', 'alice', mallory, { epoch: 2 })
  log.add('by a stranger', 'mallory', mallory)
  log.add('by a writer', 'bob', mallory)
  const certificate = { ...mallory.certificate, boxPublic: filled(32, 0x0b) }
  log.add('with a box key that nobody signed', 'alice', { ...mallory, certificate })
  log.add('of one who is there', 'alice', log.newDevice('bobTablet', 'admin'))
  log.add('a role for a stranger', 'alice', { type: 'role', device: log.id('mallory'), role: 'reader' })
  log.add('by a link that is none', 'mallory', log.join('link', 'mallory'))
  log.add('without an admin', 'alice', { type: 'role', device: log.id('alice'), role: 'writer' })
  log.add('part of a member', 'alice', log.removal(log.rotation('alice', 'bob'), 'bobTablet'))
  const rotation = log.rotation('alice', 'bob', 'bobTablet')
  log.add('an epoch left out', 'alice', { type: 'epoch', rotation: { ...rotation, epoch: 3 } })
  log.add('sealed to one removed', 'alice', log.removal(log.rotation('alice', 'bob'), 'bob', 'bobTablet'))
  log.add('leaving with a key for the others', 'bob', log.removal(log.rotation('alice', 'bobTablet'), 'bob'))
  const [lostHead, keptHead] = [signHead(cast, 12, filled(32, 0x9c)), signHead(cast, 9, filled(32, 0x99))]
  log.add('a restart by a writer', 'bob', { type: 'restart', lostHead, keptHead, introduction: null })
  const introduction = mallory.certificate
  log.add('a restart of a room', 'alice', { type: 'restart', lostHead, keptHead, introduction })
  return log.add('and one that counts', 'alice', mallory)
}

function safetyCodes({ genesisHash }: Cast, heads: readonly Bytes[]): Vector[] {
  return heads.map((recordHead, i) => {
    const { emoji, digits } = safetyCode(genesisHash, recordHead)
    const output = { emoji: emoji.map(({ symbol }) => symbol).join(' '), digits }
    return vector(`safety code ${i + 1}`, ['KM20'], { genesisHash, recordHead }, output)
  })
}

export function memberVectors(cast: Cast): VectorFile {
  const logs = [story(cast), refusals(cast)]
  const heads = [...logs.map(({ log }) => log.recordHead), filled(32, 0xff)]
  return {
    about:
      'Member logs, record by record in the order of each log, with what the log says of each and is afterwards; safety codes. Wraps, back ' +
      'links and heads are made up where nothing opens or verifies them.',
    vectors: [...logs.flatMap(({ vectors }) => vectors), ...safetyCodes(cast, heads)],
  }
}
