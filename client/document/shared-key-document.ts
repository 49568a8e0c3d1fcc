/**
 * `shared-key` mode: the app brings 32 bytes and a room name; whoever has both reads and writes. Rules KM13–KM15.
 *
 * @module
 */
import {
  bytesToHex,
  decodeBind,
  deviceIdOf,
  documentIdOf,
  encodeRecord,
  encodeUtf8,
  equalBytes,
  genesisHash,
  KIND,
  sodiumSha512,
  SyncError,
  verifyIntroduction,
  type Bytes,
  type Certificate,
  type Envelope,
} from '@y-sealed/protocol'
import { open, Room } from '@y-sealed/protocol/sealing'
import type { Authority, DocumentAccess } from './document-access.ts'

export interface SharedKeyOptions {
  /** Exactly 32 random bytes. Text is refused: a password is no key. */
  readonly key: Bytes
  /** 1 to 1024 bytes of UTF-8. The same key and name are the same document everywhere. */
  readonly room: string
}

/** Derives everything; needs `cryptoReady()`. Throws `TypeError` or `RangeError` for a key or name that is none. [KM13] */
export function sharedKeyDocument(options: SharedKeyOptions): DocumentAccess {
  const name = encodeUtf8(options.room)
  if (name === null) throw new RangeError('a room name must be well-formed text')
  const room = new Room(options.key, name)
  const genesisBody = encodeRecord({
    type: 'genesis',
    mode: 'shared-key',
    recordPrev: new Uint8Array(32),
    commitment: room.epochKey.commitment,
    roomPublic: room.publicKey,
  })
  const hash = genesisHash(sodiumSha512, genesisBody)
  const documentId = documentIdOf(hash)
  return {
    mode: 'shared-key',
    documentId,
    genesisHash: hash,
    genesisBody,
    current: room.epochKey,
    keyOf: (epoch) => (epoch === 1 ? room.epochKey : null),
    introduce: (device, session) => room.introduce(documentId, device, session),
    roomProof: (input) => ({ commitment: room.epochKey.commitment, key: room.publicKey, proof: room.sign(input) }),
    createAuthority: () => createRoomAuthority(documentId, hash, room),
  }
}

function createRoomAuthority(documentId: Bytes, hash: Bytes, room: Room): Authority {
  /** Keys named by introductions that the room key signed, counted or not: enough to check signatures by. */
  const signPublicBySession = new Map<string, Bytes>()
  const acceptedSessions = new Set<string>()

  function introducedKey(envelope: Envelope, introduction: Certificate): Bytes | null {
    const device = deviceIdOf(sodiumSha512, introduction.signPublic, introduction.boxPublic)
    if (!equalBytes(device, envelope.device)) return null
    const { session } = envelope
    const valid = verifyIntroduction(sodiumSha512, introduction, documentId, session, room.publicKey)
    return valid ? introduction.signPublic : null
  }

  function introductionIn(envelope: Envelope): Bytes | null {
    if (envelope.kind !== KIND.bind || envelope.counter !== 1) return null
    try {
      const bind = decodeBind(open(envelope, room.epochKey))
      return bind.ok && bind.value.introduction ? introducedKey(envelope, bind.value.introduction) : null
    } catch {
      return null
    }
  }

  return {
    // The genesis is authentic by its hash alone, and the only record of this mode that counts. [KM14] [KM16]
    place: (seq, envelope) => {
      if (seq > 1) return { kind: 'entry' }
      const isOurs = envelope.kind === KIND.record && equalBytes(genesisHash(sodiumSha512, envelope.sealed), hash)
      if (!isOurs) throw new SyncError('LOG_INVALID', "the relay's log does not begin with this document's genesis")
      return { kind: 'record' }
    },
    commitmentOf: (epoch) => (epoch === 1 ? room.epochKey.commitment : null),
    isOpenAt: () => true,
    authorOf: (envelope) => {
      const session = sessionKey(envelope.device, envelope.session)
      const known = signPublicBySession.get(session)
      if (known) return { signPublic: known, single: false }
      const introduced = introductionIn(envelope)
      if (introduced === null) return null
      signPublicBySession.set(session, introduced)
      return { signPublic: introduced, single: true }
    },
    acceptBind: ({ device, session }) => void acceptedSessions.add(sessionKey(device, session)),
    roleAt: (device, session) => (acceptedSessions.has(sessionKey(device, session)) ? 'admin' : 'none'),
    presenceKeyOf: (envelope, introduction) =>
      signPublicBySession.get(sessionKey(envelope.device, envelope.session)) ??
      (introduction === null ? null : introducedKey(envelope, introduction)),
  }
}

function sessionKey(device: Bytes, session: Bytes): string {
  return bytesToHex(device) + bytesToHex(session)
}
