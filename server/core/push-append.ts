/**
 * One unit on its way into the log, and the answer to it: ACK or NACK by the store's verdict. Rules FR8, FR9, FR20.
 *
 * @module
 */
import { CLIENT_FRAME, concatBytes, encodeRelayFrame, type Bytes, type Compaction } from '@y-sealed/protocol'

import type { Append } from './append-queue.ts'
import type { LiveEntry } from './entry-frames.ts'
import type { OpenDocument } from './open-document.ts'
import type { AppendResult, AppendUnit, NewEntry, StoredEntry } from './ports.ts'
import type { Payment } from './rates.ts'
import { refusalOfAppend, type Refusal, type RefusedFrame } from './refusal.ts'
import { tellWhole } from './restored-frame.ts'
import type { Socket } from './socket.ts'
import type { Subscription } from './subscription.ts'

/** Hands a unit to the store. The answer follows by itself. */
export function append(socket: Socket, subscription: Subscription, unit: AppendUnit, payment: Payment | null): void {
  socket.pushesInFlight++
  subscription.hub.holds++
  socket.appends.add(new PushAppend(socket, subscription, unit, payment))
}

/**
 * EPOCH_STALE, with the record that opened or closed the epoch in force where it has not been told yet. `epoch`: under which to seal
 * anew, where the store has said so. [FR20]
 */
export function refuseStale(socket: Socket, { hub, stale }: Subscription, refused: RefusedFrame, epoch?: number): void {
  const { document } = hub
  if (document === null) return socket.refuse(refused, { code: 'UNKNOWN_DOCUMENT' })
  const detail = epoch ?? epochToSeal(document)
  stale.withRecord(
    () => hub.members.epochRecord(document),
    (record) => socket.refuse(refused, { code: 'EPOCH_STALE', detail, ...attachmentOf(record) }),
  )
}

/** `u64 seq ‖` the record. */
function attachmentOf(record: StoredEntry | null): Pick<Refusal, 'attachment'> {
  if (record === null) return {}
  const seq = new Uint8Array(8)
  new DataView(seq.buffer).setBigUint64(0, BigInt(record.seq))
  return { attachment: concatBytes(seq, record.envelope) }
}

/** The ACK for `count` entries of a session that stand at `seq` and after. [FR9] */
export function ackOf(
  entry: Pick<AppendUnit, 'document' | 'session'>,
  counter: number,
  count: number,
  seq: number,
  compaction: Compaction = 'none',
): Bytes {
  const { document, session } = entry
  return encodeRelayFrame({ type: 'ack', document, session, counter, count, seq, compaction })
}

/** Does the store know more of the document than this relay? Then another one has changed it. */
function isNews(document: OpenDocument | null, result: AppendResult): boolean {
  if (result.status === 'epoch-stale') return document !== null && result.epoch !== epochToSeal(document)
  return result.status === 'exists' || result.status === 'forbidden'
}

/** The epoch under which all but records are to be sealed. [KM18] */
function epochToSeal({ epoch, isEpochClosed }: OpenDocument): number {
  return isEpochClosed ? epoch + 1 : epoch
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
    hub.appended(fresh, result.head, this.unit.record)
    const { link } = this.#subscription
    if (link !== null) link.hasJoined = true
    // Nothing is lacking any more: whoever waits reads the record, and judges.
    if (this.unit.record?.restart !== undefined && result.fresh > 0)
      void tellWhole(this.#socket.context, this.#subscription)
    if (this.unit.publication !== undefined && result.fresh > 0) this.#published()
    const compaction = this.#askForSnapshot(result.fresh)
    for (let from = 0; from < entries.length;) {
      let to = from + 1
      while (to < entries.length && result.seqs[to] === (result.seqs[to - 1] as number) + 1) to++
      this.#acknowledgeRun(from, to, result.seqs, to === entries.length ? compaction : 'none')
      from = to
    }
  }

  #published(): void {
    const { hub } = this.#subscription
    const { metrics, log, labelOf } = this.#socket.context
    hub.compaction.published()
    void hub.remeasure()
    metrics.count('snapshots_published')
    log.info('snapshot-published', { connection: this.#socket.id, document: labelOf(hub.id) })
  }

  /** Who has just added to a log that has grown long is elected, if they may publish at all. */
  #askForSnapshot(fresh: number): Compaction {
    const { record, creation, publication, attestation } = this.unit
    if (fresh === 0 || record !== undefined || creation !== undefined) return 'none'
    if (publication !== undefined || attestation !== undefined) return 'none'
    const { hub, grant } = this.#subscription
    if (!grant.permissions.has('snapshot')) return 'none'
    return hub.compaction.take(this.#socket.context.clock.monotonic())
  }

  /** One ACK per run of consecutive seqs. [FR9] */
  #acknowledgeRun(from: number, to: number, seqs: readonly number[], compaction: Compaction): void {
    const seq = seqs[from] as number
    const frame = ackOf(this.unit, (this.unit.entries[from] as NewEntry).counter, to - from, seq, compaction)
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
      const { retryAfterMs } = context.limits
      this.#subscription.stale.inOrder(() => this.#socket.refuse(refused, { code: 'UNAVAILABLE', retryAfterMs }))
      return
    }
    if (result.status === 'record-stale') {
      const fields = { connection: this.#socket.id, document: context.labelOf(document), reason: 'stale' }
      context.log.info('record-refused', fields)
    }
    if (result.status === 'epoch-stale') refuseStale(this.#socket, this.#subscription, refused, result.epoch)
    else this.#subscription.stale.inOrder(() => this.#socket.refuse(refused, refusalOfAppend(result)))
    if (result.status === 'deleted') hub.end('DELETED')
    else if (isNews(hub.document, result)) void hub.refresh()
  }
}
