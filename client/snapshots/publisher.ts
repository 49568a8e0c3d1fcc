/**
 * Makes and publishes snapshots when it is this device's turn: at a place that may lag behind the head, while typing goes on. Rules LO10, LO11, CL40.
 *
 * @module
 */
import { encodePublication, KIND, refusalOf, type NackFrame, type SnapshotTakenFrame } from '@y-sealed/protocol'
import type { EpochKey } from '@y-sealed/protocol/sealing'
import { chance, startTimer, type Cancel } from '../platform.ts'
import type { MadeSnapshot } from './make-snapshot.ts'
import { Slices } from './slices.ts'
import type { SnapshotTools } from './tools.ts'
import { Upload, type UploadResult } from './upload.ts'

/** After an attempt that came to nothing. */
const REST_MS = 5_000
/** Others were faster: their publication is on its way to this device. */
const STALE_PATIENCE_MS = 500
const ATTEMPTS = 4
/** What came since the last snapshot is worth another one once nobody writes: of its size, and at least. */
const IDLE_SHARE = 1 / 16
const IDLE_BYTES = 4_096
const MAX_TAIL = 8_192
const NO_PARENT = new Uint8Array(32)

export class Publisher {
  readonly #tools: SnapshotTools
  #timer: Cancel | null = null
  #idleTimer: Cancel | null = null
  #isWorking = false
  #upload: Upload | null = null
  /** Entries after the place of the newest published snapshot, and its bytes. */
  #tail: { readonly seq: number; readonly bytes: number }[] = []
  #tailBytes = 0
  #snapshotBytes = 0

  constructor(tools: SnapshotTools) {
    this.#tools = tools
  }

  /** The relay has acknowledged an edit of this device, and said how urgent a snapshot is: its author is elected. */
  hint(compaction: 'none' | 'soon' | 'now'): void {
    const isDue = compaction === 'now' || (compaction === 'soon' && this.#tools.compaction === 'soon')
    if (isDue) this.#schedule(chance() * this.#tools.pace.electionMs)
    if (this.#tools.compaction === 'soon') this.#awaitIdle()
  }

  /** The relay has lost the one that others vouch for: whoever is first publishes another. [LO14] */
  replace(): void {
    if (this.#tools.compaction === 'soon') this.#schedule(chance() * this.#tools.pace.electionMs)
  }

  /** Somebody else has written: if nobody does any more, it is their turn. */
  othersWrote(): void {
    this.#idleTimer?.()
    this.#idleTimer = null
  }

  /** An entry was taken. */
  grew(seq: number, bytes: number): void {
    this.#tail.push({ seq, bytes })
    // Of a log without snapshots not every entry is remembered: that it is long is enough.
    if (this.#tail.length > MAX_TAIL) this.#tail = this.#tail.slice(-MAX_TAIL / 2)
    this.#tailBytes += bytes
  }

  /** A snapshot of the log up to `seq` was published, by whomever. */
  published(seq: number, bytes: number): void {
    this.#snapshotBytes = bytes
    this.#tail = this.#tail.filter((entry) => entry.seq > seq)
    this.#tailBytes = this.#tail.reduce((sum, entry) => sum + entry.bytes, 0)
    this.#timer?.()
    this.#timer = null
  }

  taken(frame: SnapshotTakenFrame): void {
    this.#upload?.taken(frame)
  }

  /** PUT_SNAPSHOT was refused. */
  refuse(nack: NackFrame): void {
    this.#upload?.refuse(nack)
  }

  /** The socket is gone. */
  closed(): void {
    this.#upload?.closed()
  }

  destroy(): void {
    this.#timer?.()
    this.#idleTimer?.()
    this.closed()
  }

  #awaitIdle(): void {
    this.#idleTimer?.()
    this.#idleTimer = startTimer(this.#tools.pace.idleMs * (1 + chance()), () => {
      if (this.#tailBytes >= Math.max(IDLE_BYTES, this.#snapshotBytes * IDLE_SHARE)) this.#schedule(0)
    })
  }

  #schedule(delayMs: number): void {
    if (this.#timer !== null || this.#isWorking || !this.#tools.mayWrite()) return
    this.#timer = startTimer(delayMs, () => {
      this.#timer = null
      this.#work().catch((error: unknown) => this.#tools.onTrouble(error))
    })
  }

  async #work(): Promise<void> {
    if (this.#isWorking) return
    this.#isWorking = true
    try {
      if (!(await this.#publish())) this.#timer = startTimer(REST_MS, () => (this.#timer = null))
    } finally {
      this.#upload = null
      this.#isWorking = false
    }
  }

  /** False when it came to nothing. */
  async #publish(): Promise<boolean> {
    const { log, access, bench, errand, mayWrite } = this.#tools
    const key = access.current
    const end = log.head
    const isWanted = (): boolean =>
      mayWrite() && access.current === key && (log.snapshots.newest?.seq ?? 0) < end.seq && !this.#tools.isOver()
    if (key === null || !log.isOpen(key.epoch) || !log.isQuiet || !isWanted()) return false
    const slices = new Slices(isWanted)
    const rebuilt = await bench.rebuild(end, slices)
    const made = rebuilt && (await bench.make(rebuilt, errand.session, key, slices))
    return made !== null && (await this.#bringIn(made, key, isWanted))
  }

  async #bringIn(made: MadeSnapshot, key: EpochKey, isWanted: () => boolean): Promise<boolean> {
    const { log, bench, whenLive } = this.#tools
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      await whenLive()
      // What was sent before a loss may have arrived.
      if (log.snapshots.find(made.id) !== null) break
      if (!isWanted()) return false
      const staged = await this.#stage(made, isWanted)
      if (staged === 'lost') continue
      if (staged !== 'staged') return false
      const result = await this.#push(made, key)
      if (result === 'stored') {
        await bench.shelve(made)
        return true
      }
      if (result === 'lost') continue
      const code = refusalOf(result.code)
      if (code !== 'SNAPSHOT_STALE' && code !== 'SNAPSHOT_MISSING' && code !== 'SESSION_CLOSED') return false
      await new Promise<void>((resolve) => void startTimer(STALE_PATIENCE_MS, resolve))
    }
    if (log.snapshots.find(made.id) === null) return false
    await bench.shelve(made)
    return true
  }

  #stage(made: MadeSnapshot, isWanted: () => boolean): Promise<UploadResult> {
    const { access, send, isBusy } = this.#tools
    const options = { document: access.documentId, send, isBusy, isWanted }
    this.#upload = new Upload(options, made.id, made.envelope.bytes)
    return this.#upload.send()
  }

  #push(made: MadeSnapshot, key: EpochKey): ReturnType<SnapshotTools['errand']['push']> {
    const { log, errand } = this.#tools
    const body = encodePublication({
      snapshotId: made.id,
      seq: made.seq,
      transcript: made.transcript,
      parentId: log.snapshots.newest?.id ?? NO_PARENT,
      snapshotEpoch: key.epoch,
      snapshotBytes: made.envelope.bytes.length,
      contentDigest: made.contentDigest,
    })
    return errand.push(KIND.publication, body, key)
  }
}
