/**
 * PUSH: from envelopes to one unit of the log, and from the store's verdict to ACK or NACK. What needs no look at the log is judged
 * here; the rest inside the transaction that stores. Rules FR3, FR8, FR9, LO7, AU6.
 *
 * @module
 */
import {
  CLIENT_FRAME,
  concatBytes,
  encodeRelayFrame,
  envelopeId,
  HEADER_BYTES,
  KIND,
  MAX_SEALED_BYTES,
  RECORD,
  SIGNATURE_BYTES,
  type Envelope,
  type PushFrame,
  type PushPartFrame,
} from '@y-sealed/protocol'

import type { Append } from './append-queue.ts'
import type { Action } from './authorise.ts'
import type { LiveEntry } from './entry-frames.ts'
import { readGenesis } from './genesis.ts'
import { newEntry } from './new-entry.ts'
import { isSameId } from './open-documents.ts'
import { payFor } from './pay-push.ts'
import type { AppendResult, AppendUnit, NewEntry } from './ports.ts'
import type { Payment } from './rates.ts'
import { refusalOfAppend, type Refusal, type RefusedFrame } from './refusal.ts'
import type { Socket } from './socket.ts'
import { FOREIGN_DEVICE_WEIGHT } from './strikes.ts'
import type { Subscription } from './subscription.ts'

/** A part as long as may be, with header and signature. */
const PART_BYTES = MAX_SEALED_BYTES.part + HEADER_BYTES + SIGNATURE_BYTES

/** What pushing these envelopes needs. A PUSH that holds anything but updates and binds holds that alone. [FR3] */
function actionOf(first: Envelope): Action {
  switch (first.kind) {
    case KIND.record:
      if (first.sealed[0] === RECORD.genesis) return 'push-genesis'
      return first.sealed[0] === RECORD.join ? 'push-join' : 'push-record'
    case KIND.publication:
    case KIND.attestation:
      return 'publish'
    default:
      return 'push-entries'
  }
}

/** Carries a PUSH to the store, or refuses it. */
export function handlePush(socket: Socket, { envelopes }: PushFrame): void | Promise<void> {
  const first = envelopes[0] as Envelope
  const refused = refusedFrame(CLIENT_FRAME.push, first, first.counter)
  const subscription = admit(socket, first, refused)
  if (subscription === null) return
  const bytes = envelopes.reduce((sum, envelope) => sum + envelope.bytes.length, 0)
  const payment = payFor(socket, subscription, refused, bytes, first.kind === KIND.record)
  if (payment === null) return
  const unit = readUnit(socket, subscription, envelopes)
  if ('code' in unit) return refuseUnit(socket, subscription, refused, unit)
  append(socket, subscription, unit, payment)
}

/** Keeps a part until its group is whole, and carries that to the store. An inner part is answered only if it is refused. [LO9] */
export function handlePushPart(socket: Socket, part: PushPartFrame): void | Promise<void> {
  const { envelope } = part
  const refused = refusedFrame(CLIENT_FRAME['push-part'], envelope, envelope.counter - part.index)
  const subscription = admit(socket, envelope, refused)
  if (subscription === null) return
  const { hub, parts } = subscription
  const { context, device } = socket
  if (hub.document === null) return socket.refuse(refused, { code: 'UNKNOWN_DOCUMENT' })
  const { commitment, epoch } = hub.document
  const staging = parts.take(part, context.clock.monotonic(), (each) =>
    newEntry(each, envelopeId(context.sha512, commitment, each)),
  )
  // A group is paid for when it begins, so that it never ends for want of the rest; what stands alone pays for itself.
  const isFirst = part.index === 0 && staging.kind === 'waits'
  if (isFirst || staging.kind === 'stray') {
    const bytes = isFirst ? Math.min(part.count * PART_BYTES, context.limits.groupBytes) : envelope.bytes.length
    const payment = payFor(socket, subscription, refused, bytes, false)
    if (payment === null) return isFirst ? parts.refuse() : undefined
    if (isFirst) subscription.partsPayment = payment
  }
  // Whole before its epoch is judged: the answer is one for the group.
  switch (staging.kind) {
    case 'waits':
    case 'swallowed':
      return
    case 'stray':
      return socket.refuse(refused, { code: 'COUNTER_GAP', detail: staging.expected })
    case 'no-room':
      parts.refuse()
      return socket.refuse(refused, { code: 'RATE', retryAfterMs: context.limits.retryAfterMs })
    case 'too-large':
      parts.refuse()
      return socket.refuse(refused, { code: 'QUOTA', detail: context.limits.groupBytes })
    case 'complete': {
      if (envelope.epoch !== epoch) {
        return refuseStale(socket, subscription, refused, { code: 'EPOCH_STALE', detail: epoch })
      }
      const entries = staging.entries as [NewEntry, ...NewEntry[]]
      append(
        socket,
        subscription,
        {
          document: hub.id,
          device,
          session: envelope.session,
          group: true,
          needs: 'writer',
          entries,
        },
        subscription.partsPayment,
      )
    }
  }
}

/** The subscription on which this may be pushed now; `null` when it was refused. [AU6] */
function admit(socket: Socket, first: Envelope, refused: RefusedFrame): Subscription | null {
  const { context, documents } = socket
  const subscription = documents.findLive(first.document)
  const refuse = (refusal: Refusal, weight?: number): null => {
    socket.refuse(refused, refusal, weight)
    return null
  }
  if (subscription === null) return refuse({ code: 'NOT_OPEN' })
  if (!isSameId(first.device, socket.device)) return refuse({ code: 'FORBIDDEN' }, FOREIGN_DEVICE_WEIGHT)
  const code = subscription.refuse(actionOf(first), context.clock.now())
  if (code !== null) return refuse({ code })
  if (socket.pushesInFlight < context.limits.pushesInFlight) return subscription
  return refuse({ code: 'RATE', retryAfterMs: context.limits.retryAfterMs })
}

function append(socket: Socket, subscription: Subscription, unit: AppendUnit, payment: Payment | null): void {
  socket.pushesInFlight++
  subscription.hub.holds++
  socket.appends.add(new PushAppend(socket, subscription, unit, payment))
}

function refusedFrame(type: number, { document, session }: Envelope, counter: number): RefusedFrame {
  return { type, document, session, counter }
}

function refuseUnit(
  socket: Socket,
  subscription: Subscription,
  refused: RefusedFrame,
  refusal: Refusal,
): void | Promise<void> {
  if (refusal.code !== 'EPOCH_STALE') return socket.refuse(refused, refusal)
  return refuseStale(socket, subscription, refused, refusal)
}

/** The unit that the store is to append, or why there is none. */
function readUnit(
  { context: { sha512 }, device, signPublic }: Socket,
  { hub }: Subscription,
  envelopes: readonly Envelope[],
): AppendUnit | Refusal {
  const first = envelopes[0] as Envelope
  const { session } = first
  if (first.kind === KIND.record) {
    const genesis = readGenesis(sha512, first, signPublic)
    if (genesis === null) return { code: 'BAD_ENVELOPE' }
    const { entry, creation } = genesis
    return { document: hub.id, device, session, group: false, needs: 'none', entries: [entry], creation }
  }
  const document = hub.document
  if (document === null) return { code: 'UNKNOWN_DOCUMENT' }
  if (first.epoch !== document.epoch) return { code: 'EPOCH_STALE', detail: document.epoch }
  const entries = envelopes.map((envelope) => newEntry(envelope, envelopeId(sha512, document.commitment, envelope)))
  // Written out: a spread would give each unit a shape of its own, and everything that reads it the slow way of V8.
  return {
    document: hub.id,
    device,
    session,
    group: false,
    needs: 'writer',
    entries: entries as [NewEntry, ...NewEntry[]],
  }
}

/** EPOCH_STALE carries `u64 seq ‖` the record that opened the epoch in force: of epoch 1 the genesis. [FR20] */
async function refuseStale(
  socket: Socket,
  { hub }: Subscription,
  refused: RefusedFrame,
  refusal: Refusal,
): Promise<void> {
  const [genesis] = await socket.context.store.readRecords(hub.id, 0, 0).catch(() => [])
  if (genesis === undefined || refusal.detail !== 1) return socket.refuse(refused, refusal)
  const seq = new Uint8Array(8)
  new DataView(seq.buffer).setBigUint64(0, BigInt(genesis.seq))
  socket.refuse(refused, { ...refusal, attachment: concatBytes(seq, genesis.envelope) })
}

/** One PUSH under way. */
class PushAppend implements Append {
  readonly unit: AppendUnit
  readonly #socket: Socket
  readonly #subscription: Subscription
  readonly #payment: Payment | null

  constructor(socket: Socket, subscription: Subscription, unit: AppendUnit, payment: Payment | null) {
    this.#socket = socket
    this.#subscription = subscription
    this.#payment = payment
    this.unit = unit
  }

  settle(result: AppendResult | null): void {
    const { hub } = this.#subscription
    this.#socket.pushesInFlight--
    this.#socket.hubs.settled(hub)
    this.#giveBack(result)
    if (result?.status === 'stored') this.#acknowledge(result)
    else {
      // What was stored before it is answered before it.
      hub.deliver()
      this.#refuse(result)
    }
  }

  /** What the store failed to take costs nothing; nor, within bounds, does what it held already or what came out of turn. [H1] */
  #giveBack(result: AppendResult | null): void {
    const isRepeat = result?.status === 'counter-gap' || (result?.status === 'stored' && result.fresh === 0)
    if (result !== null && !isRepeat) return
    const { rates, context } = this.#socket
    if (result === null || rates.repeats.tryTake(1, context.clock.monotonic())) this.#payment?.giveBack()
  }

  #acknowledge(result: Extract<AppendResult, { readonly status: 'stored' }>): void {
    const { entries, creation } = this.unit
    const { hub } = this.#subscription
    if (creation !== undefined && result.fresh > 0) hub.created(creation)
    const fresh: LiveEntry[] = []
    for (let i = entries.length - result.fresh; i < entries.length; i++) {
      const { envelope } = entries[i] as NewEntry
      fresh.push({ seq: result.seqs[i] as number, envelope, author: this.#subscription })
    }
    hub.appended(fresh, result.head)
    for (let from = 0; from < entries.length;) {
      let to = from + 1
      while (to < entries.length && result.seqs[to] === (result.seqs[to - 1] as number) + 1) to++
      this.#acknowledgeRun(from, to, result.seqs)
      from = to
    }
  }

  /** One ACK per run of consecutive seqs. [FR9] */
  #acknowledgeRun(from: number, to: number, seqs: readonly number[]): void {
    const { document, session, entries } = this.unit
    const seq = seqs[from] as number
    const frame = encodeRelayFrame({
      type: 'ack',
      document,
      session,
      counter: (entries[from] as NewEntry).counter,
      count: to - from,
      seq,
      compaction: 'none',
    })
    this.#subscription.hub.acknowledge({ subscription: this.#subscription, through: seq + to - from - 1, frame })
  }

  #refuse(result: Exclude<AppendResult, { readonly status: 'stored' }> | null): void {
    const { context } = this.#socket
    const { hub } = this.#subscription
    const { document, session, entries, group } = this.unit
    const refused = { type: CLIENT_FRAME[group ? 'push-part' : 'push'], document, session, counter: entries[0].counter }
    if (result === null) {
      // The outcome is unknown: should it be stored after all, the others get it from the store.
      hub.expectMore()
      this.#socket.refuse(refused, { code: 'UNAVAILABLE', retryAfterMs: context.limits.retryAfterMs })
      return
    }
    this.#socket.refuse(refused, refusalOfAppend(result))
    if (result.status === 'deleted') hub.end('DELETED')
    else if (result.status === 'exists' || result.status === 'forbidden' || result.status === 'epoch-stale') {
      // Another relay knows more of this document than we do.
      void hub.refresh()
    }
  }
}
