/**
 * Presence: this client's own awareness state goes out sealed, others' come in checked. Never stored, never anybody else's. Rules FR10, CL7, CL21.
 *
 * @module
 */
import {
  AWARENESS_TTL_MS,
  bytesToHex,
  decodeAwarenessContent,
  encodeAwarenessContent,
  envelopeId,
  equalBytes,
  signatureInput,
  sodiumSha512,
  SyncError,
  verifySignature,
  type AwarenessContent,
  type Bytes,
  type ClientFrame,
  type Envelope,
  type GoneFrame,
  type SignedHead,
} from '@y-sealed/protocol'
import { open, type Device, type EpochKey, type Session } from '@y-sealed/protocol/sealing'
import { createEncoder, toUint8Array, writeVarString, writeVarUint } from 'lib0/encoding'
import { applyAwarenessUpdate, removeAwarenessStates, type Awareness } from 'y-protocols/awareness'
import type { DocumentAccess } from '../document/document-access.ts'
import type { DocumentLog } from '../log/document-log.ts'
import { monotonicClock, startTimer, type Cancel } from '../platform.ts'
import { checkPresence } from '../presence/check-presence.ts'
import type { SendProblem } from './send-problem.ts'

/** Own changes within this time of one that left are sent together. */
export const PRESENCE_WINDOW_MS = 50
/** A caret that moves with an edit follows it: the relay passes presence on at once, and so would have others draw it while the letter comes. */
export const BEHIND_EDIT_MS = 25

export interface PresenceOptions {
  readonly awareness: Awareness
  readonly access: DocumentAccess
  readonly device: Device
  readonly log: DocumentLog
  readonly session: () => Session
  readonly send: (frame: ClientFrame) => boolean
  /** True when the client id may be shown: bound, or of a reader who binds none. */
  readonly mayShow: (client: number) => boolean
  /** The newest head that the relay signed, for others to compare with theirs. [LO4] */
  readonly signedHead: () => SignedHead | null
  /** Somebody shows a head that the relay signed. */
  readonly onHead: (head: SignedHead) => void
  readonly onProblem: (problem: SendProblem) => void
  /** An edit of this device is on its way. */
  readonly isSaving: () => boolean
  /** Origin of changes applied to the awareness. */
  readonly origin: unknown
}

/** Sessions whose last counter is remembered, so that a relay cannot show again who is long gone. */
const MAX_REMEMBERED_SESSIONS = 4_096

interface Shown {
  readonly client: number
  readonly device: Bytes
  readonly seenAt: number
}

interface AwarenessChange {
  readonly added: readonly number[]
  readonly updated: readonly number[]
  readonly removed: readonly number[]
}

export class Presence {
  readonly #options: PresenceOptions
  readonly #shownBySession = new Map<string, Shown>()
  readonly #counterBySession = new Map<string, number>()
  #timer: Cancel | null = null
  #lastSentAt = -Infinity
  #lastSentState: string | null = null
  #isHidden = false
  #lastHeadSeq = 0
  readonly #onChange = (change: AwarenessChange, origin: unknown): void => {
    const { awareness } = this.#options
    const own = [...change.added, ...change.updated, ...change.removed].includes(awareness.clientID)
    if (own && origin !== this.#options.origin && !this.#isIdle()) this.#schedule()
  }

  constructor(options: PresenceOptions) {
    this.#options = options
    options.awareness.on('update', this.#onChange)
  }

  /** Sends the own state now, if there is one and it may be shown. */
  announce(): void {
    this.#timer?.()
    this.#timer = null
    const { awareness } = this.#options
    const state = awareness.getLocalState()
    if (this.#isHidden || (state === null && this.#lastSentAt === -Infinity)) return
    if (!this.#options.mayShow(awareness.clientID) || !this.#send(state)) return
    this.#lastSentAt = monotonicClock()
    this.#lastSentState = JSON.stringify(state)
  }

  /** Out of view: others see nobody here until it is back. [CL21] */
  setHidden(isHidden: boolean): void {
    if (this.#isHidden === isHidden) return
    this.#isHidden = isHidden
    if (!isHidden) return this.announce()
    this.#timer?.()
    this.#timer = null
    if (this.#lastSentAt !== -Infinity) this.#send(null)
  }

  /** Somebody's presence, as it came. What is not allowed is dropped without a word: presence is not evidence. */
  receive(envelope: Envelope): void {
    const content = this.#open(envelope)
    if (content === null) return
    if (content.head !== null) this.#options.onHead(content.head)
    const session = sessionOf(envelope.device, envelope.session)
    if (!this.#isNewer(session, envelope.counter)) return
    const shown = this.#shownBySession.get(session)
    if ((shown && content.clientId !== shown.client) || !this.#mayBear(envelope.device, content.clientId)) return
    const others = this.#shownBySession.size - (shown ? 1 : 0)
    if (!checkPresence(content, others).ok) return
    this.#show(session, envelope.device, content)
  }

  /** The device that has signed what is shown under this client id (16 bytes); `null` where nothing is. [CL7] */
  deviceOf(client: number): Bytes | null {
    for (const shown of this.#shownBySession.values()) if (shown.client === client) return shown.device
    return null
  }

  /** A socket of theirs is gone. */
  drop(frame: GoneFrame): void {
    const session = sessionOf(frame.device, frame.session)
    const shown = this.#shownBySession.get(session)
    if (!shown) return
    this.#hide(session, shown)
  }

  /** Who is no member any more is not shown, even if the relay does not say that they are gone. */
  dropStrangers(isMember: (device: Bytes) => boolean): void {
    for (const [session, shown] of this.#shownBySession) if (!isMember(shown.device)) this.#hide(session, shown)
  }

  /** The document is not open: nobody is known to be there. */
  dropAll(): void {
    for (const [session, shown] of this.#shownBySession) this.#hide(session, shown)
  }

  /** Says good-bye, if anything was ever shown. */
  destroy(): void {
    this.#options.awareness.off('update', this.#onChange)
    this.#timer?.()
    if (this.#lastSentAt !== -Infinity) this.#send(null)
    this.dropAll()
  }

  /** What y-protocols says every 15 s, although it is as before: nobody is here to hear it, or nobody is to. [CL21] */
  #isIdle(): boolean {
    if (!this.#isHidden && this.#shownBySession.size > 0) return false
    return JSON.stringify(this.#options.awareness.getLocalState()) === this.#lastSentState
  }

  #schedule(): void {
    if (this.#timer) return
    const pause = this.#lastSentAt + PRESENCE_WINDOW_MS - monotonicClock()
    const wait = this.#options.isSaving() ? Math.max(pause, BEHIND_EDIT_MS) : pause
    if (wait <= 0) this.announce()
    else this.#timer = startTimer(wait, () => this.announce())
  }

  #send(state: unknown): boolean {
    const key = this.#options.access.current
    if (key === null) return false
    try {
      return this.#options.send({ type: 'awareness', envelope: this.#seal(state, key) })
    } catch (error) {
      // Presence that is no JSON, or does not fit: others go on seeing what they saw.
      const code = error instanceof SyncError || error instanceof RangeError ? 'PRESENCE_TOO_LARGE' : 'PRESENCE_REFUSED'
      this.#options.onProblem({
        code,
        message: 'the awareness state cannot be sent: it must be JSON of at most some 1 500 bytes',
      })
      return false
    }
  }

  #seal(state: unknown, key: EpochKey): Envelope {
    const { awareness, access, device, log } = this.#options
    const session = this.#options.session()
    const client = awareness.clientID
    const text = state === null ? '' : JSON.stringify(state)
    const introduced = log.authority.roleAt(device.id, session.id, log.head.seq + 1) !== 'none'
    const introduction = introduced ? null : access.introduce(device, session.id)
    const clock = awareness.meta.get(client)?.clock ?? 0
    const content = encodeAwarenessContent({
      clientId: client,
      clock,
      state: text,
      introduction,
      head: this.#headToTell(),
    })
    return session.sealAwareness(content, key, log.head).envelope
  }

  #headToTell(): SignedHead | null {
    const head = this.#options.signedHead()
    if (head === null || head.seq === this.#lastHeadSeq) return null
    this.#lastHeadSeq = head.seq
    return head
  }

  #open(envelope: Envelope): AwarenessContent | null {
    const { access, log } = this.#options
    const key = access.current
    // Of an epoch that is over, or closed, nobody's presence counts. [KM18]
    if (key === null || key.epoch !== envelope.epoch) return null
    try {
      const content = decodeAwarenessContent(open(envelope, key))
      if (!content.ok) return null
      const author = log.authority.presenceKeyOf(envelope, content.value.introduction)
      if (author === null) return null
      const id = envelopeId(sodiumSha512, key.commitment, envelope)
      return verifySignature(envelope.signature, signatureInput(id), author) ? content.value : null
    } catch {
      return null
    }
  }

  /** Replays die here, also of sessions that are not shown any more. [CL7] */
  #isNewer(session: string, counter: number): boolean {
    if (counter <= (this.#counterBySession.get(session) ?? 0)) return false
    this.#counterBySession.delete(session)
    this.#counterBySession.set(session, counter)
    const [oldest] = this.#counterBySession.keys()
    if (oldest !== undefined && this.#counterBySession.size > MAX_REMEMBERED_SESSIONS)
      this.#counterBySession.delete(oldest)
    return true
  }

  /** A bound client id is its device's alone; one that is not bound is for whoever showed it first. [CL7] */
  #mayBear(device: Bytes, client: number): boolean {
    const { awareness, log } = this.#options
    const owner = log.state.deviceOf(client)
    if (client === awareness.clientID || (owner !== null && !equalBytes(owner, device))) return false
    for (const [session, shown] of this.#shownBySession) {
      if (shown.client !== client || equalBytes(shown.device, device)) continue
      if (owner === null) return false
      this.#hide(session, shown)
    }
    return true
  }

  #hide(session: string, { client }: Shown): void {
    const { awareness, origin } = this.#options
    this.#shownBySession.delete(session)
    removeAwarenessStates(awareness, [client], origin)
    // Else a clock that somebody set high would outlast them, and keep the id's owner from being seen.
    awareness.meta.delete(client)
  }

  #show(session: string, device: Bytes, content: AwarenessContent): void {
    const { awareness, origin } = this.#options
    const now = monotonicClock()
    const known = this.#shownBySession.get(session)
    if (content.state === '') return known && this.#hide(session, known)
    this.#forgetSilent(now)
    // The relay may have forgotten whom it has not heard of for as long as one was alone.
    if (!known && now - this.#lastSentAt > AWARENESS_TTL_MS / 2) this.#schedule()
    this.#shownBySession.set(session, { client: content.clientId, device, seenAt: now })
    const encoder = createEncoder()
    writeVarUint(encoder, 1)
    writeVarUint(encoder, content.clientId)
    writeVarUint(encoder, content.clock)
    writeVarString(encoder, content.state)
    applyAwarenessUpdate(awareness, toUint8Array(encoder), origin)
  }

  /** Places of sessions that have gone silent are free for others. */
  #forgetSilent(now: number): void {
    for (const [session, shown] of this.#shownBySession) {
      if (now - shown.seenAt > 2 * AWARENESS_TTL_MS) this.#hide(session, shown)
    }
  }
}

function sessionOf(device: Bytes, session: Bytes): string {
  return bytesToHex(device) + bytesToHex(session)
}
