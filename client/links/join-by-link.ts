/**
 * How a device joins by a link: a socket that proves the link's keys is shown the records, finds the epoch key that was sealed to the link,
 * and adds one `join`, in which the key is sealed to the device itself. Rules KM9, KM17, AU12.
 *
 * @module
 */
import {
  CLIENT_FRAME,
  documentIdOf,
  encodeCertificate,
  equalBytes,
  joinInput,
  SyncError,
  verifySignedHead,
  type AckFrame,
  type Bytes,
  type ClosedFrame,
  type NackFrame,
  type OpenedFrame,
  type PlacedRecord,
  type RecordFields,
  type RecordsFrame,
  type SignedHead,
} from '@y-sealed/protocol'
import { sealName, wrapKey, type Device, type EpochKey } from '@y-sealed/protocol/sealing'
import type { Channel, ChannelPort, DocumentFrame, DownReason } from '../connection/channel.ts'
import type { RelayConnection } from '../connection/relay-connection.ts'
import { createMemoryKeyStore } from '../keys/key-store.ts'
import type { Membership } from '../members/membership.ts'
import { joinedMembership } from '../members/open-membership.ts'
import { sealRecord } from '../members/seal-record.ts'
import { chance, startTimer, type Cancel } from '../platform.ts'
import { refusalName } from '../provider/down-reason.ts'
import { LINK_IS_OVER, linkError } from './link-error.ts'
import type { LinkFragment } from './link-fragment.ts'

export interface JoinOptions {
  readonly link: LinkFragment
  /** The keys of `link`, which `connection` proves. */
  readonly linkDevice: Device
  /** Of its own, with the link's head key pinned; destroyed at the end. */
  readonly connection: RelayConnection
  /** Who joins. */
  readonly device: Device
  /** UTF-8 of 1 to 63 bytes; `null` for none. */
  readonly name: Bytes | null
  /** How long to try before `OFFLINE` or `NEEDS_RESTORE`. */
  readonly timeoutMs: number
  /** What ends a visit at once, with `OFFLINE`, when the app closes; it adds itself, and takes itself out. */
  readonly endings?: Set<() => void>
}

/** What a device has learnt by a link: the records, its own join among them unless the relay's answer was lost. */
export interface Joined {
  readonly records: readonly PlacedRecord[]
  /** The relay's, as it led on from the link's: 32 bytes. [LO5] */
  readonly headKey: Bytes
}

/** Least wait before the relay is asked again. */
const RETRY_MS = 500
/** What passes, though not at once: by a link nothing more can be done about it than to ask again. */
const PASSING: ReadonlySet<string> = new Set(['RATE', 'UNAVAILABLE', 'ALREADY_OPEN', 'NEEDS_RESTORE'])
const JITTER_MS = 150

/**
 * Makes `device` a member by a link; one that is a member already changes nothing. Rejects with `LINK_EXPIRED_OR_REVOKED`, `RELAY_MISMATCH`,
 * `ROLLBACK` or `FORK` for a relay that shows less than the link says or something else, `LINK_KEY_VOID` where the link's own copy of the
 * key does not fit, `OFFLINE`, `NEEDS_RESTORE` where the relay has lost entries that nobody has given back in that time, and the relay's refusals by
 * their code.
 */
export async function joinByLink(options: JoinOptions): Promise<Joined> {
  const { genesisHash } = options.link
  const keys = createMemoryKeyStore()
  const membership = await joinedMembership({ genesisHash, device: options.linkDevice, keys })
  try {
    return await new Promise((resolve, reject) => {
      new LinkVisit(options, membership, resolve, reject).start()
    })
  } finally {
    options.connection.destroy()
  }
}

class LinkVisit implements Channel {
  readonly documentId: Bytes
  readonly token: undefined = undefined
  readonly #options: JoinOptions
  /** As the link sees it. */
  readonly #membership: Membership
  readonly #records: PlacedRecord[] = []
  readonly #resolve: (joined: Joined) => void
  readonly #reject: (error: Error) => void
  #port: ChannelPort | null = null
  #head: SignedHead | null = null
  /** The join that was sent last; its answer may have been lost. */
  #sent: PlacedRecord | null = null
  #timers: Cancel[] = []
  /** The relay has said so of itself, and takes nothing new until it is given back what it lacks. [LO14] */
  #isRelayBehind = false
  readonly #end = (): void => this.#fail(new SyncError('OFFLINE', 'the app was closed before the relay had answered'))

  constructor(
    options: JoinOptions,
    membership: Membership,
    resolve: (joined: Joined) => void,
    reject: (error: Error) => void,
  ) {
    this.documentId = documentIdOf(options.link.genesisHash)
    this.#options = options
    this.#membership = membership
    this.#resolve = resolve
    this.#reject = reject
  }

  start(): void {
    this.#timers.push(startTimer(this.#options.timeoutMs, () => this.#fail(this.#isRelayBehind ? behind() : late())))
    this.#options.endings?.add(this.#end)
    this.#port = this.#options.connection.attach(this)
  }

  cursor(): ReturnType<Channel['cursor']> {
    return { seq: 0, transcript: new Uint8Array(32), recordHead: this.#membership.recordHead }
  }

  dialling(): void {}

  down(reason: DownReason): void {
    this.#isRelayBehind = false
    if (!reason.transient) this.#ended(reason.code, reason.reason)
  }

  receive(frame: DocumentFrame): void {
    try {
      switch (frame.type) {
        case 'opened':
          return this.#opened(frame)
        case 'records':
          return this.#takeRecords(frame)
        case 'ack':
          return this.#acknowledged(frame)
        case 'nack':
          return this.#refused(frame)
        case 'closed':
          return this.#closed(frame)
        default:
          return
      }
    } catch (error) {
      // Whatever the relay says, nothing is thrown at the socket.
      this.#fail(error instanceof Error ? error : outOfTurn())
    }
  }

  #acknowledged({ seq }: AckFrame): void {
    if (this.#sent === null) throw outOfTurn()
    this.#records.push({ ...this.#sent, seq })
    this.#finish()
  }

  #opened({ present, head }: OpenedFrame): void {
    if (!present) return this.#ended('UNKNOWN_DOCUMENT', '')
    const { link, connection } = this.#options
    if (connection.headKey === null || !verifySignedHead(this.documentId, head, connection.headKey)) {
      throw new SyncError('BAD_HEAD', 'the relay did not sign the head that it shows')
    }
    if (head.seq < link.head.seq) throw new SyncError('ROLLBACK', 'the relay shows less than when the link was made')
    if (head.seq === link.head.seq && !equalBytes(head.transcript, link.head.transcript)) {
      throw new SyncError('FORK', 'the relay shows another document than when the link was made')
    }
    this.#head = head
  }

  #takeRecords({ records, more }: RecordsFrame): void {
    // No join is sealed upon a head that nobody signed.
    if (this.#head === null) throw outOfTurn()
    this.#membership.takeRecords(records, 0)
    for (const { seq, envelope } of records) this.#records.push({ seq, envelope })
    if (!more) this.#join(this.#head)
  }

  #join(head: SignedHead): void {
    const { device, linkDevice } = this.#options
    const { members, epochKey } = this.#membership
    if (members.memberOf(device.id) !== null) return this.#finish()
    if (members.link(linkDevice.id) === null) return this.#ended(LINK_IS_OVER, '')
    if (epochKey === null) return this.#fail(linkError('LINK_KEY_VOID'))
    this.#sent = { seq: 0, envelope: this.#sealJoin(epochKey, head) }
    this.#port?.send({ type: 'push', envelopes: [this.#sent.envelope] })
  }

  #sealJoin(key: EpochKey, head: SignedHead): PlacedRecord['envelope'] {
    const { device, linkDevice, link, name } = this.#options
    const { recordHead: recordPrev } = this.#membership
    const certificate = device.certificate()
    const fields: RecordFields = {
      type: 'join',
      link: linkDevice.id,
      certificate,
      linkSignature: linkDevice.sign(joinInput(link.genesisHash, recordPrev, encodeCertificate(certificate))),
      wrap: wrapKey(key, device.boxPublic),
      sealedName: name === null ? new Uint8Array(0) : sealName(name, device.id, key),
    }
    return sealRecord(this.#membership, device, fields, head).envelope
  }

  #refused(frame: NackFrame): void {
    const code = refusalName(frame.code)
    // Somebody's record was faster: this one is made again upon it.
    if (frame.refused === CLIENT_FRAME.push && (code === 'RECORD_STALE' || code === 'EPOCH_STALE')) {
      this.#sent = null
      // Those who join at the same time do not meet again.
      return this.#reopenIn(chance() * JITTER_MS)
    }
    if (!PASSING.has(code)) {
      if (frame.refused === CLIENT_FRAME.push) this.#sent = null
      return this.#ended(code, 'the relay refused')
    }
    if (code === 'NEEDS_RESTORE') {
      this.#isRelayBehind = true
      this.#sent = null
    }
    this.#reopenIn(Math.max(RETRY_MS, frame.retryAfterMs) + chance() * JITTER_MS)
  }

  #closed({ code: number, retryAfterMs }: ClosedFrame): void {
    const code = refusalName(number)
    if (PASSING.has(code)) return this.#reopenIn(Math.max(RETRY_MS, retryAfterMs) + chance() * JITTER_MS)
    this.#ended(code, 'the relay closed the document')
  }

  #reopenIn(delayMs: number): void {
    this.#timers.push(startTimer(delayMs, () => this.#port?.reopen()))
  }

  /** The relay will show no more. If a join is on its way, only opening the document tells whether it arrived. */
  #ended(code: string, reason: string): void {
    const isStranger = code === LINK_IS_OVER || code === 'FORBIDDEN' || code === 'NOT_A_MEMBER'
    if (isStranger && this.#sent !== null) return this.#finish()
    if (isStranger) return this.#fail(linkError(LINK_IS_OVER))
    if (code === 'HEAD_KEY_CHANGED') return this.#fail(linkError('RELAY_MISMATCH'))
    if (code === 'UNKNOWN_DOCUMENT') return this.#fail(linkError('UNKNOWN_DOCUMENT'))
    if (code === 'DELETED') return this.#fail(linkError('DELETED'))
    this.#fail(new SyncError(code, reason === '' ? 'the relay refused' : reason))
  }

  #finish(): void {
    this.#leave()
    this.#resolve({ records: this.#records, headKey: this.#options.connection.headKey ?? this.#options.link.headKey })
  }

  #fail(error: Error): void {
    this.#leave()
    this.#reject(error)
  }

  #leave(): void {
    for (const cancel of this.#timers.splice(0)) cancel()
    this.#options.endings?.delete(this.#end)
    this.#port?.detach()
    this.#port = null
  }
}

function late(): SyncError {
  return new SyncError('OFFLINE', 'the relay cannot be reached: try again when there is a network')
}

function behind(): SyncError {
  const message =
    'the relay has lost a part of the document, and takes nobody in until a device that has it gives it back: try again later'
  return new SyncError('NEEDS_RESTORE', message)
}

function outOfTurn(): SyncError {
  return new SyncError('LOG_INVALID', 'the relay says things about the document out of turn')
}
