/**
 * What everybody may do in a second: the buckets of one socket, those that sockets share, and the price of a push. Rule FR15; rows H1,
 * H9, H11.
 *
 * @module
 */
import { KeyedBuckets } from './keyed-buckets.ts'
import type { RelayLimits } from './limits.ts'
import type { Clock } from './ports.ts'
import { ReadTurns } from './read-turns.ts'
import { TokenBucket } from './token-bucket.ts'

const HOUR_S = 3_600

/** What sockets share. One per relay. */
export interface SharedRates {
  /** By subject and document. */
  readonly pushesByWriter: KeyedBuckets
  readonly bytesByWriter: KeyedBuckets
  readonly recordsByWriter: KeyedBuckets
  /** By member and document: their devices may each be a subject. */
  readonly recordsByMember: KeyedBuckets
  readonly pushesByNetwork: KeyedBuckets
  readonly bytesByNetwork: KeyedBuckets
  /** Documents made, by subject and by network. */
  readonly creationsBySubject: KeyedBuckets
  readonly creationsByNetwork: KeyedBuckets
  /** Bytes stored, by subject: a day's worth at once. */
  readonly storageBySubject: KeyedBuckets
  /** Bytes of snapshots staged, by subject: as many as may stay, for as long as they do. */
  readonly stagedBySubject: KeyedBuckets
  /** Signatures that did not hold, by subject and by network. [H10] */
  readonly badSignaturesBySubject: KeyedBuckets
  readonly badSignaturesByNetwork: KeyedBuckets
  readonly reads: ReadTurns
}

export function createSharedRates(limits: RelayLimits, clock: Clock): SharedRates {
  const perHour = (documents: number): KeyedBuckets =>
    new KeyedBuckets({ perSecond: documents / HOUR_S, burst: documents })
  return {
    pushesByWriter: new KeyedBuckets(limits.writerPushes),
    bytesByWriter: new KeyedBuckets(limits.writerBytes),
    recordsByWriter: new KeyedBuckets(limits.writerRecords),
    recordsByMember: new KeyedBuckets(limits.writerRecords),
    pushesByNetwork: new KeyedBuckets(limits.networkPushes),
    bytesByNetwork: new KeyedBuckets(limits.networkBytes),
    creationsBySubject: perHour(limits.subjectCreationsPerHour),
    creationsByNetwork: perHour(limits.networkCreationsPerHour),
    storageBySubject: new KeyedBuckets({
      perSecond: limits.subjectBytesPerDay / (24 * HOUR_S),
      burst: limits.subjectBytesPerDay,
    }),
    stagedBySubject: new KeyedBuckets({
      perSecond: (limits.subjectStagedBytes * 1000) / limits.stagedForMs,
      burst: limits.subjectStagedBytes,
    }),
    badSignaturesBySubject: new KeyedBuckets(limits.badSignatures),
    badSignaturesByNetwork: new KeyedBuckets(limits.badSignatures),
    reads: new ReadTurns(limits.readsPerSubject, limits.readsWaiting, (run) => void clock.after(0, run)),
  }
}

/** Counts a signature that did not hold; true when it is one too many for its subject or its network. [H10] */
export function isBadSignatureTooMany(
  { badSignaturesBySubject, badSignaturesByNetwork }: SharedRates,
  { subject, network }: Pick<Payer, 'subject' | 'network'>,
  nowMs: number,
): boolean {
  const buckets = [badSignaturesBySubject.of(subject, nowMs)]
  if (network !== '') buckets.push(badSignaturesByNetwork.of(network, nowMs))
  // The last that a bucket holds is the one too many. Nobody gets into debt, so that a thief's noise is soon forgotten.
  return buckets.map((bucket) => !bucket.tryTake(1, nowMs) || bucket.waitMs(1, nowMs) > 0).includes(true)
}

/** Forgets what says nothing any more. */
export function tickSharedRates(rates: SharedRates, nowMs: number): void {
  for (const each of Object.values(rates)) if (each instanceof KeyedBuckets) each.tick(nowMs)
}

/** What one socket may do. */
export interface SocketRates {
  readonly pushes: TokenBucket
  readonly bytes: TokenBucket
  readonly awareness: TokenBucket
  /** OPEN, REFRESH, CLOSE, DELETE, PING. */
  readonly requests: TokenBucket
  /** WebSocket pings and pongs. */
  readonly controlFrames: TokenBucket
  /** Pushes whose price is given back because the log held them already: free, but not without end. */
  readonly repeats: TokenBucket
}

export function createSocketRates(limits: RelayLimits, nowMs: number): SocketRates {
  return {
    pushes: new TokenBucket(limits.socketPushes, nowMs),
    bytes: new TokenBucket(limits.socketBytes, nowMs),
    awareness: new TokenBucket(limits.socketAwareness, nowMs),
    requests: new TokenBucket(limits.socketRequests, nowMs),
    controlFrames: new TokenBucket(limits.controlFrames, nowMs),
    repeats: new TokenBucket(limits.socketPushes, nowMs),
  }
}

/** Whose buckets a push is paid from. */
export interface Payer {
  readonly subject: string
  /** Document as maps have it. */
  readonly document: string
  /** Key of the network that the socket came from; empty for one that is not counted. */
  readonly network: string
}

export interface Price {
  readonly pushes: number
  readonly bytes: number
  readonly isRecord: boolean
  /** Does it make a document? */
  readonly isCreation: boolean
}

/** What was paid, so that it can be given back. */
export class Payment {
  readonly #shares: (readonly [TokenBucket, number])[]
  constructor(shares: readonly (readonly [TokenBucket, number])[]) {
    this.#shares = [...shares]
  }

  /** Pays from one bucket more; or gives the time until it can be paid, 0 when it was. */
  payMore(bucket: TokenBucket, cost: number, nowMs: number): number {
    const waitMs = bucket.waitMs(cost, nowMs)
    if (waitMs > 0) return waitMs
    bucket.take(cost, nowMs)
    this.#shares.push([bucket, cost])
    return 0
  }

  giveBack(): void {
    for (const [bucket, cost] of this.#shares) bucket.give(cost)
  }
}

/** Pays from all buckets together, or from none: then the time until it can be paid. */
export function payPush(
  own: SocketRates,
  shared: SharedRates,
  { subject, document, network }: Payer,
  { pushes, bytes, isRecord, isCreation }: Price,
  nowMs: number,
): Payment | number {
  const writer = `${document} ${subject}`
  const shares: (readonly [TokenBucket, number])[] = [
    [own.pushes, pushes],
    [own.bytes, bytes],
    [shared.pushesByWriter.of(writer, nowMs), pushes],
    [shared.bytesByWriter.of(writer, nowMs), bytes],
    [shared.storageBySubject.of(subject, nowMs), bytes],
  ]
  if (isRecord) shares.push([shared.recordsByWriter.of(writer, nowMs), 1])
  if (isCreation) shares.push([shared.creationsBySubject.of(subject, nowMs), 1])
  if (network !== '') {
    shares.push([shared.pushesByNetwork.of(network, nowMs), pushes], [shared.bytesByNetwork.of(network, nowMs), bytes])
    if (isCreation) shares.push([shared.creationsByNetwork.of(network, nowMs), 1])
  }
  let waitMs = 0
  for (const [bucket, cost] of shares) waitMs = Math.max(waitMs, bucket.waitMs(cost, nowMs))
  if (waitMs > 0) return waitMs
  for (const [bucket, cost] of shares) bucket.take(cost, nowMs)
  return new Payment(shares)
}
