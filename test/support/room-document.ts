/**
 * Documents for tests of the relay: what a client would make of them, without a client.
 *
 * @module
 */
import {
  documentIdOf,
  encodeAuthoredUpdate,
  encodeCertificate,
  encodeRecord,
  genesisHash,
  KIND,
  sodiumSha512,
  startTranscript,
  Writer,
  type Bytes,
} from '@y-sealed/protocol'
import {
  Room,
  Session,
  createEpochKey,
  randomBytes,
  wrapKey,
  type Device,
  type EpochKey,
  type Sealed,
  type Seen,
} from '@y-sealed/protocol/sealing'

/** A document that may not exist yet: its genesis, its id and its key. */
export interface TestDocument {
  readonly id: Bytes
  readonly genesisHash: Bytes
  readonly body: Bytes
  readonly key: EpochKey
  /** `shared-key` mode only. */
  readonly room: Room | null
  /** What somebody has seen who has seen nothing. */
  readonly start: Seen
}

function createTestDocument(body: Bytes, key: EpochKey, room: Room | null): TestDocument {
  const hash = genesisHash(sodiumSha512, body)
  const start = { seq: 0, transcript: startTranscript(sodiumSha512, hash) }
  return { id: documentIdOf(hash), genesisHash: hash, body, key, room, start }
}

/** A fresh document in `shared-key` mode. */
export function createRoomDocument(): TestDocument {
  const room = new Room(randomBytes(32), new TextEncoder().encode('notes'))
  const body = encodeRecord({
    type: 'genesis',
    recordPrev: new Uint8Array(32),
    mode: 'shared-key',
    commitment: room.epochKey.commitment,
    roomPublic: room.publicKey,
  })
  return createTestDocument(body, room.epochKey, room)
}

/** A fresh document in `members` mode, of `creator`. */
export function createMembersDocument(creator: Device): TestDocument {
  const key = createEpochKey(1)
  const body = encodeRecord({
    type: 'genesis',
    recordPrev: new Uint8Array(32),
    mode: 'members',
    salt: randomBytes(16),
    certificate: creator.certificate(),
    commitment: key.commitment,
    wrap: wrapKey(key, creator.boxPublic),
    sealedName: new Uint8Array(0),
  })
  return createTestDocument(body, key, null)
}

/** Seals entries of one session, remembering what it has seen. */
export class TestWriter {
  readonly document: TestDocument
  readonly session: Session
  seen: Seen
  readonly #device: Device

  constructor(document: TestDocument, device: Device, seen: Seen = document.start) {
    this.document = document
    this.session = new Session(document.id, device)
    this.seen = seen
    this.#device = device
  }

  genesis(): Sealed {
    return this.session.sealEntry(KIND.record, this.document.body, this.document.key, this.document.start)
  }

  /** What a session begins with. [KM15] */
  bind(clientId = 1): Sealed {
    const writer = new Writer().u64(clientId)
    const { room, id, key } = this.document
    if (room === null) writer.u8(0)
    else writer.u8(1).raw(encodeCertificate(room.introduce(id, this.#device, this.session.id)))
    return this.session.sealEntry(KIND.bind, writer.finish(), key, this.seen)
  }

  update(update: Bytes = new Uint8Array([1, 2, 3])): Sealed {
    const content = encodeAuthoredUpdate({ authored: 1, update })
    return this.session.sealEntry(KIND.update, content, this.document.key, this.seen)
  }

  updates(count: number): readonly Sealed[] {
    return Array.from({ length: count }, () => this.update())
  }

  awareness(content: Bytes = new Uint8Array([9])): Sealed {
    return this.session.sealAwareness(content, this.document.key, this.seen)
  }
}
