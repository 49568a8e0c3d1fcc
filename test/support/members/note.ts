/**
 * A note of several people without a relay: a log in memory to which each appends what they seal, and readers who take it as a relay would
 * hand it out. The same under Node and in Chromium.
 *
 * @module
 */
import {
  createMemoryKeyStore,
  createMembership,
  joinedMembership,
  openMembership,
  type Membership,
  sealRecord,
  type Intent,
} from '@y-sealed/client'
import {
  documentIdOf,
  encodeAuthoredUpdate,
  encodeBind,
  KIND,
  type Bytes,
  type Envelope,
  type MemberRole,
  type PlacedRecord,
} from '@y-sealed/protocol'
import { createDeviceSeeds, Device, Session, type EpochKey, type Seen } from '@y-sealed/protocol/sealing'
import * as Y from 'yjs'

import { DocumentLog, type LogEntry, type LogOutcome } from '../../../client/log/document-log.ts'
import { RecordTools } from '../../../client/members/record-tools.ts'
import { addDevice } from './intents.ts'

/** Somebody at a device, with all that it knows of the note. */
export class Person {
  readonly device: Device
  readonly membership: Membership
  readonly log: DocumentLog
  readonly #doc = new Y.Doc()
  #session: Session

  constructor(device: Device, membership: Membership) {
    this.device = device
    this.membership = membership
    this.log = new DocumentLog(membership)
    this.#session = new Session(membership.documentId, device)
  }

  get client(): number {
    return this.#doc.clientID
  }

  /** Binds their Yjs client. */
  bind(key: EpochKey = this.#key, seen: Seen = this.log.head): Envelope {
    const content = encodeBind({ clientId: this.#doc.clientID, introduction: null })
    return this.#session.sealEntry(KIND.bind, content, key, seen).envelope
  }

  /** Types a word. */
  type(word: string, key: EpochKey = this.#key, seen: Seen = this.log.head): Envelope {
    return this.seal(encodeAuthoredUpdate({ authored: 1, update: this.edit(word) }), key, seen)
  }

  /** An update of any content. */
  seal(content: Bytes, key: EpochKey = this.#key, seen: Seen = this.log.head): Envelope {
    return this.#session.sealEntry(KIND.update, content, key, seen).envelope
  }

  /** The edit alone, not sealed. */
  edit(word: string): Bytes {
    const before = Y.encodeStateVector(this.#doc)
    this.#doc.getText('note').insert(0, word)
    return Y.encodeStateAsUpdateV2(this.#doc, before) as Bytes
  }

  /** As after a restart. */
  renewSession(): void {
    this.#session = new Session(this.membership.documentId, this.device)
  }

  /** The record that an intent makes, sealed upon all that this person knows. */
  record(intent: Intent): Envelope {
    const fields = intent(this.membership.members, toolsOf(this.membership))
    if (fields === null) throw new Error('there is nothing to do')
    return sealRecord(this.membership, this.device, fields, this.log.head).envelope
  }

  get #key(): EpochKey {
    const key = this.membership.epochKey
    if (key === null) throw new Error('this person holds no key')
    return key
  }
}

/** The log as a relay keeps it, which believes everything. */
export class Note {
  readonly entries: LogEntry[] = []
  readonly genesisHash: Bytes
  readonly people: Person[] = []
  readonly creator: Person

  constructor(creator: Person) {
    this.creator = creator
    this.genesisHash = creator.membership.genesisHash
    this.people.push(creator)
  }

  get documentId(): Bytes {
    return documentIdOf(this.genesisHash)
  }

  /** What RECORDS would bring. */
  get records(): PlacedRecord[] {
    return this.entries
      .filter(({ envelope }) => envelope.kind === KIND.record)
      .map(({ seq, envelope }) => ({ seq, envelope }))
  }

  /** Appends, and everybody takes it. Returns what it became in the creator's eyes. */
  append(...envelopes: readonly Envelope[]): LogOutcome | undefined {
    let outcome: LogOutcome | undefined
    for (const envelope of envelopes) {
      const entry = { seq: this.entries.length + 1, envelope }
      this.entries.push(entry)
      for (const person of this.people) {
        const outcomes = person.log.take([entry])
        if (person === this.creator) outcome = outcomes.at(-1)
      }
    }
    return outcome
  }

  /** `author` changes the members. */
  change(author: Person, intent: Intent): LogOutcome | undefined {
    return this.append(author.record(intent))
  }

  /** The creator adds somebody, who reads along from then on. */
  async add(role: MemberRole): Promise<Person> {
    const device = new Device(createDeviceSeeds())
    this.change(this.creator, addDevice(device, role))
    const person = await this.arrive(device)
    this.people.push(person)
    return person
  }

  /** Somebody who comes to the note as it is now, by the records first. */
  async arrive(device: Device, records: readonly PlacedRecord[] = this.records): Promise<Person> {
    const { genesisHash } = this
    const membership = await joinedMembership({ genesisHash, device, keys: createMemoryKeyStore(), records })
    const person = new Person(device, membership)
    person.log.take(this.entries)
    return person
  }

  /** A device in its next run, which knows what it has accepted and has read nothing yet. */
  async rejoin(device: Device): Promise<Person> {
    const { genesisHash, documentId, records } = this
    const keys = createMemoryKeyStore()
    await joinedMembership({ genesisHash, device, keys, records })
    return new Person(device, await openMembership(documentId, keys, device))
  }

  /** What a reader makes of the whole log: by RECORDS first, or from entries alone. */
  async read(reader: Device, order: 'records first' | 'entries alone', page = 1_000): Promise<readonly LogOutcome[]> {
    const { genesisHash } = this
    const membership = await joinedMembership({ genesisHash, device: reader, keys: createMemoryKeyStore() })
    if (order === 'records first') membership.takeRecords(this.records, 0)
    const log = new DocumentLog(membership)
    const outcomes: LogOutcome[] = []
    for (let at = 0; at < this.entries.length; at += page) outcomes.push(...log.take(this.entries.slice(at, at + page)))
    return outcomes
  }
}

/** A note with its genesis in the log. */
export async function createNote(): Promise<Note> {
  const device = new Device(createDeviceSeeds())
  const membership = await createMembership(device, createMemoryKeyStore())
  const creator = new Person(device, membership)
  const note = new Note(creator)
  const key = membership.keyOf(1) as EpochKey
  const body = membership.genesisBody as Bytes
  note.append(new Session(note.documentId, device).sealEntry(KIND.record, body, key, creator.log.head).envelope)
  return note
}

/** Each outcome in a word: what it is, or why not. */
export function wordsOf(outcomes: readonly LogOutcome[]): string[] {
  return outcomes.map((outcome) => (outcome.kind === 'refused' ? outcome.reason : outcome.kind))
}

function toolsOf(membership: Membership): RecordTools {
  return new RecordTools(membership, Date.now())
}
