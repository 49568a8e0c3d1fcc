/**
 * A relay in the hands of its worst owner: it has a head key of its own, signs whatever it shows, stores whatever it is given, and shows
 * each client the history that a test chooses. What it cannot do is sign as a member. No network: sockets are objects.
 *
 * @module
 */
import {
  bytesToHex,
  decodeClientFrame,
  decodeRecord,
  documentIdOf,
  encodeRelayFrame,
  Envelope,
  envelopeId,
  extendTranscript,
  headInput,
  KIND,
  sodiumSha512,
  startTranscript,
  type Bytes,
  type ClientFrame,
  type Role,
  type PlacedRecord,
  type RelayFrame,
  type SignedHead,
} from '@y-sealed/protocol'
import { randomBytes, type Device } from '@y-sealed/protocol/sealing'

import type { Socket, SocketConstructor } from '../../../client/connection/socket.ts'
import { createTestDevice } from '../raw-client.ts'

const ALL_PERMISSIONS = 127
const NO_HEAD: SignedHead = { seq: 0, transcript: new Uint8Array(32), signature: new Uint8Array(64) }

/** One history of one document, and who is shown it. */
export class View {
  readonly genesisHash: Bytes
  readonly log: Envelope[] = []
  readonly sockets = new Set<ColludingSocket>()
  /** What RECORDS shows in place of the records of the log. */
  shownRecords: (() => readonly PlacedRecord[]) | null = null
  /** What becomes of an entry that a client pushed; by default it is stored. */
  onPush: (envelope: Envelope) => readonly Envelope[] = (envelope) => [envelope]
  /** Answers a push with a refusal. */
  refuse: ((envelopes: readonly Envelope[]) => RelayFrame) | null = null
  /** What the relay says that everybody may do. */
  role: Role = 'admin'
  readonly #signer: Device
  readonly #commitments = new Map<number, Bytes>()
  readonly #transcripts: Bytes[]

  constructor(genesisHash: Bytes, signer: Device, log: readonly Envelope[] = []) {
    this.genesisHash = genesisHash
    this.#signer = signer
    this.#transcripts = [startTranscript(sodiumSha512, genesisHash)]
    for (const envelope of log) this.#store(envelope)
  }

  get document(): Bytes {
    return documentIdOf(this.genesisHash)
  }

  get seq(): number {
    return this.log.length
  }

  /** What a writer says that it has seen. */
  get seen(): { readonly seq: number; readonly transcript: Bytes } {
    return { seq: this.seq, transcript: this.#transcripts[this.seq] as Bytes }
  }

  get records(): readonly PlacedRecord[] {
    return this.log.flatMap((envelope, i) => (envelope.kind === KIND.record ? [{ seq: i + 1, envelope }] : []))
  }

  /** The same history up to a seq, to go on otherwise. */
  fork(through = this.seq): View {
    return new View(this.genesisHash, this.#signer, this.log.slice(0, through))
  }

  signHead(seq = this.seq): SignedHead {
    const transcript = this.#transcripts[seq] as Bytes
    return { seq, transcript, signature: this.#signer.sign(headInput(this.document, seq, transcript)) }
  }

  /** Stores an entry, and shows it to whoever is there. */
  append(...envelopes: readonly Envelope[]): void {
    for (const envelope of envelopes) {
      this.#store(envelope)
      for (const socket of this.sockets) socket.say({ type: 'entries', seq: this.seq, envelopes: [envelope] })
    }
  }

  /** Takes what a client pushed; gives the seq of its first entry, or `null` when it is kept for later or for never. */
  take(envelopes: readonly Envelope[], from: ColludingSocket): number | null {
    const first = this.seq + 1
    let stored = 0
    for (const envelope of envelopes) {
      for (const each of this.onPush(envelope)) {
        this.#store(each)
        stored += each === envelope ? 1 : 0
        const isOwn = each === envelope
        for (const socket of this.sockets) {
          if (socket !== from || !isOwn) socket.say({ type: 'entries', seq: this.seq, envelopes: [each] })
        }
      }
    }
    return stored === envelopes.length ? first : null
  }

  #store(envelope: Envelope): void {
    const own = new Envelope(envelope.bytes.slice())
    const body = own.kind === KIND.record ? decodeRecord(own.sealed) : null
    if (body?.ok && body.value.type === 'genesis') this.#commitments.set(1, body.value.commitment)
    const commitment = this.#commitments.get(own.epoch) ?? new Uint8Array(32)
    if (body?.ok && 'rotation' in body.value && !this.#commitments.has(body.value.rotation.epoch)) {
      this.#commitments.set(body.value.rotation.epoch, body.value.rotation.commitment)
    }
    const before = this.#transcripts[this.seq] as Bytes
    const id = envelopeId(sodiumSha512, commitment, own)
    this.#transcripts.push(extendTranscript(sodiumSha512, before, id, own.signature))
    this.log.push(own)
  }
}

export class ColludingRelay {
  readonly signer: Device = createTestDevice()
  readonly #viewsByDocument = new Map<string, View>()

  /** The one history of a document that most are shown. */
  view(genesisHash: Bytes): View {
    const key = bytesToHex(documentIdOf(genesisHash))
    const known = this.#viewsByDocument.get(key) ?? new View(genesisHash, this.signer)
    this.#viewsByDocument.set(key, known)
    return known
  }

  /** A WebSocket class whose sockets lead to `view`; called at every dial. */
  socketTo(view: () => View): SocketConstructor {
    const { signer } = this
    return class extends ColludingSocket {
      constructor() {
        super(view, signer.signPublic)
      }
    }
  }
}

class ColludingSocket implements Socket {
  binaryType = 'arraybuffer'
  readyState = 0
  readonly bufferedAmount = 0
  onopen: (() => void) | null = null
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null = null
  onerror: ((event: never) => void) | null = null
  onmessage: ((event: { readonly data: unknown }) => void) | null = null
  readonly #view: View

  constructor(view: () => View, headKey: Bytes) {
    this.#view = view()
    setTimeout(() => {
      this.readyState = 1
      this.onopen?.()
      this.say({
        type: 'welcome',
        nonce: randomBytes(32),
        headKey,
        headKeyStatements: [],
        timeMs: Date.now(),
        heartbeatMs: 15_000,
        maxDocuments: 16,
        maxPushes: 64,
        pageBytes: 262_144,
      })
    }, 0)
  }

  /** Says a frame, in a turn of its own, as a socket would. */
  say(frame: RelayFrame): void {
    this.sayBytes(encodeRelayFrame(frame))
  }

  /** Says what need not be a frame. */
  sayBytes(bytes: Bytes): void {
    const data = bytes.slice().buffer
    setTimeout(() => {
      if (this.readyState === 1) this.onmessage?.({ data })
    }, 0)
  }

  send(data: Uint8Array<ArrayBuffer>): void {
    const decoded = decodeClientFrame(data.slice())
    if (!decoded.ok) throw new Error(`a client said what is no frame: ${decoded.fault}`)
    this.#hear(decoded.value)
  }

  close(code = 1000, reason = ''): void {
    if (this.readyState === 3) return
    this.readyState = 3
    this.#view.sockets.delete(this)
    setTimeout(() => this.onclose?.({ code, reason }), 0)
  }

  #hear(frame: ClientFrame): void {
    const view = this.#view
    const { document } = view
    switch (frame.type) {
      case 'open': {
        view.sockets.add(this)
        const present = view.seq > 0
        const grant = { role: view.role, permissions: ALL_PERMISSIONS, expiresAtMs: Date.now() + 300_000 }
        const none = { snapshotId: new Uint8Array(32), snapshotSeq: 0, snapshotBytes: 0 }
        const head = present ? view.signHead() : NO_HEAD
        const fits = frame.cursorSeq <= view.seq
        const through = fits ? view.seq : 0
        this.say({ type: 'opened', document, present, head, ...grant, oldestSeq: present ? 1 : 0, ...none, through })
        if (!present) return
        const records = view.shownRecords?.() ?? view.records
        this.say({ type: 'records', document, more: false, records })
        if (fits) this.#show(frame.cursorSeq)
        return
      }
      case 'read':
        this.#show(frame.after)
        this.say({ type: 'read-done', document, through: view.seq, headSeq: view.seq })
        return
      case 'push': {
        if (view.refuse !== null) return this.say(view.refuse(frame.envelopes))
        const seq = view.take(frame.envelopes, this)
        const [first] = frame.envelopes as readonly [Envelope]
        if (seq === null) return
        const { session, counter } = first
        this.say({ type: 'ack', document, session, counter, count: frame.envelopes.length, seq, compaction: 'none' })
        return
      }
      case 'close':
        view.sockets.delete(this)
        return
      case 'ping':
        this.say({ type: 'pong', nonce: frame.nonce })
        return
      default:
    }
  }

  #show(after: number): void {
    for (const [i, envelope] of this.#view.log.slice(after).entries()) {
      this.say({ type: 'entries', seq: after + i + 1, envelopes: [envelope] })
    }
  }
}

/** True for a record of this type. */
export function isRecordOf(envelope: Envelope, type: string): boolean {
  if (envelope.kind !== KIND.record) return false
  const body = decodeRecord(envelope.sealed)
  return body.ok && body.value.type === type
}
