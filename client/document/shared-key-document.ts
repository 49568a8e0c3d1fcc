/**
 * `shared-key` mode: the app brings 32 bytes and a room name; whoever has both reads and writes. Rules KM13–KM15.
 *
 * @module
 */
import {
  bytesToHex,
  concatBytes,
  decodeBind,
  decodeRecord,
  deviceIdOf,
  documentIdOf,
  encodeRecord,
  encodeUtf8,
  envelopeId,
  equalBytes,
  genesisHash,
  KIND,
  sodiumSha512,
  SyncError,
  readRoomRestart,
  verifyIntroduction,
  type Bytes,
  type Certificate,
  type Envelope,
} from '@y-sealed/protocol'
import { open, Room, type EpochKey } from '@y-sealed/protocol/sealing'
import type { AuthorityBase } from '../log/log-base.ts'
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
    draftKey: room.epochKey,
    keyOf: (epoch) => (epoch === 1 ? room.epochKey : null),
    introduce: (device, session) => room.introduce(documentId, device, session),
    roomProof: (input) => ({ commitment: room.epochKey.commitment, key: room.publicKey, proof: room.sign(input) }),
    recordsUpTo: () => [],
    createAuthority: (base) => createRoomAuthority(documentId, hash, room, base),
  }
}

/** A room to be read alone, by its epoch key: without the app's key nobody can write in it. Throws `LOG_INVALID` for another genesis. [EX4] */
export function readableRoom(genesis: Bytes, epochKey: EpochKey): DocumentAccess {
  const decoded = decodeRecord(genesis)
  const body =
    decoded.ok && decoded.value.type === 'genesis' && decoded.value.mode === 'shared-key' ? decoded.value : null
  if (body === null || !equalBytes(body.commitment, epochKey.commitment)) {
    throw new SyncError('LOG_INVALID', 'the genesis is none of this key')
  }
  const hash = genesisHash(sodiumSha512, genesis)
  const documentId = documentIdOf(hash)
  const room = { epochKey, publicKey: body.roomPublic }
  return {
    mode: 'shared-key',
    documentId,
    genesisHash: hash,
    genesisBody: null,
    current: null,
    draftKey: null,
    keyOf: (epoch) => (epoch === 1 ? epochKey : null),
    introduce: () => null,
    recordsUpTo: () => [],
    createAuthority: (base) => createRoomAuthority(documentId, hash, room, base),
  }
}

/** What a room's entries are judged by. */
type RoomKeys = Pick<Room, 'epochKey' | 'publicKey'>

function createRoomAuthority(documentId: Bytes, hash: Bytes, room: RoomKeys, base?: AuthorityBase): Authority {
  /** Both keys named by introductions that the room key signed, counted or not: enough to check signatures by. */
  const keysBySession = new Map<string, Bytes>()
  const acceptedSessions = new Set<string>()
  const terms = { documentId, commitment: room.epochKey.commitment, roomPublic: room.publicKey }
  let recordHead: Bytes = base?.recordHead ?? new Uint8Array(32)
  const keysByDevice = new Map((base?.devices ?? []).map((keys) => [bytesToHex(deviceOf(keys)), keys]))
  for (const { device, session, standing } of base?.sessions ?? []) {
    const keys = keysByDevice.get(bytesToHex(device))
    if (keys === undefined || standing === 'dead' || standing === 'unknown') continue
    keysBySession.set(sessionKey(device, session), keys)
    if (standing === 'live') acceptedSessions.add(sessionKey(device, session))
  }

  function introducedKeys(envelope: Envelope, introduction: Certificate): Bytes | null {
    const keys = concatBytes(introduction.signPublic, introduction.boxPublic)
    if (!equalBytes(deviceOf(keys), envelope.device)) return null
    const { session } = envelope
    return verifyIntroduction(sodiumSha512, introduction, documentId, session, room.publicKey) ? keys : null
  }

  function introductionIn(envelope: Envelope): Bytes | null {
    if (envelope.kind !== KIND.bind) return null
    try {
      const bind = decodeBind(open(envelope, room.epochKey))
      return bind.ok && bind.value.introduction ? introducedKeys(envelope, bind.value.introduction) : null
    } catch {
      return null
    }
  }

  return {
    // The genesis is authentic by its hash alone; besides it only restarts count. [KM14] [KM16]
    place: (seq, envelope) => {
      if (seq > 1 && envelope.kind !== KIND.record) return { kind: 'entry' }
      if (seq > 1) {
        const restart = readRoomRestart(sodiumSha512, terms, envelope)
        if (restart === null || !equalBytes(restart.recordPrev, recordHead))
          return { kind: 'refused', reason: 'malformed' }
        recordHead = restart.id
        return { kind: 'record' }
      }
      const isOurs = envelope.kind === KIND.record && equalBytes(genesisHash(sodiumSha512, envelope.sealed), hash)
      if (!isOurs) throw new SyncError('LOG_INVALID', "the relay's log does not begin with this document's genesis")
      recordHead = envelopeId(sodiumSha512, room.epochKey.commitment, envelope)
      return { kind: 'record' }
    },
    commitmentOf: (epoch) => (epoch === 1 ? room.epochKey.commitment : null),
    isOpenAt: () => true,
    authorOf: (envelope) => {
      const session = sessionKey(envelope.device, envelope.session)
      const isFirst = envelope.counter === 1
      if (isFirst) {
        // One of this name may have been forgotten. [LO8]
        keysBySession.delete(session)
        acceptedSessions.delete(session)
        const introduced = introductionIn(envelope)
        if (introduced !== null) keysBySession.set(session, introduced)
      }
      const keys = keysBySession.get(session)
      return keys === undefined ? null : { signPublic: keys.subarray(0, 32), single: isFirst }
    },
    acceptBind: ({ device, session }) => void acceptedSessions.add(sessionKey(device, session)),
    roleAt: (device, session) => (acceptedSessions.has(sessionKey(device, session)) ? 'admin' : 'none'),
    memberOf: (device) => device,
    get recordHead() {
      return recordHead
    },
    signKeyOf: ({ device, session }) => keysBySession.get(sessionKey(device, session))?.subarray(0, 32) ?? null,
    introductionOf: (device, session) => {
      const name = sessionKey(device, session)
      const keys = keysBySession.get(name)
      if (keys === undefined) return { standing: 'unknown', keys: null }
      return { standing: acceptedSessions.has(name) ? 'live' : 'void', keys }
    },
    introducedBy: introductionIn,
    presenceKeyOf: (envelope, introduction) => {
      const known = keysBySession.get(sessionKey(envelope.device, envelope.session))
      const keys = known ?? (introduction === null ? null : introducedKeys(envelope, introduction))
      return keys?.subarray(0, 32) ?? null
    },
  }
}

/** Of both public keys, one after the other. [KM1] */
function deviceOf(keys: Bytes): Bytes {
  return deviceIdOf(sodiumSha512, keys.subarray(0, 32), keys.subarray(32))
}

function sessionKey(device: Bytes, session: Bytes): string {
  return bytesToHex(device) + bytesToHex(session)
}
