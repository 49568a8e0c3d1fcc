/**
 * READ_SNAPSHOT: pages of snapshots on their way to whoever asked, a row at a time to each in turn, and only to those who take what they
 * are sent. A row is built once for all who are about to get it, so that a crowd that opens a large document holds little more memory than
 * one. Rule FR18; rows H5, H9.
 *
 * @module
 */
import {
  bytesToHex,
  CLIENT_FRAME,
  encodeRelayFrame,
  MAX_CHUNK_BYTES,
  type Bytes,
  type ReadSnapshotFrame,
} from '@y-sealed/protocol'

import type { Context } from './context.ts'
import { pause } from './pause.ts'
import type { Socket } from './socket.ts'
import type { Subscription } from './subscription.ts'

/** Rows of one answer. */
export const PAGE_ROWS = 4
/** Rows that leave in one turn of the loop: a quarter of a megabyte, under a millisecond of encryption. */
const ROWS_A_TURN = 4
/** Rows kept for whoever comes next: those that a crowd in step is about to ask for. */
const KEPT_ROWS = 32
/** How long a peer that has enough to take is left alone. */
const DRAIN_MS = 20

interface Answer {
  readonly socket: Socket
  readonly subscription: Subscription
  readonly snapshotId: Bytes
  /** Of the next byte. */
  at: number
  /** Where the page ends, unless the snapshot does before. */
  readonly end: number
}

/** A frame, and how many bytes of how large a snapshot it holds. */
interface Row {
  readonly frame: Bytes
  readonly total: number
  readonly length: number
}

/** Answers READ_SNAPSHOT, or refuses it. */
export function handleReadSnapshot(socket: Socket, { document, snapshotId, offset }: ReadSnapshotFrame): void {
  const { context } = socket
  const { limits } = context
  const refused = { type: CLIENT_FRAME['read-snapshot'], document }
  const subscription = socket.documents.findLive(document)
  if (subscription === null) return socket.refuse(refused, { code: 'NOT_OPEN' })
  const code = subscription.refuse('read', context.clock.now())
  if (code !== null) return socket.refuse(refused, { code })
  if (socket.readsInFlight >= limits.readsInFlight) {
    return socket.refuse(refused, { code: 'RATE', retryAfterMs: limits.retryAfterMs })
  }
  const row = Math.floor(offset / MAX_CHUNK_BYTES)
  const end = (row + PAGE_ROWS) * MAX_CHUNK_BYTES
  socket.readsInFlight++
  context.snapshotReads.add(context, { socket, subscription, snapshotId: snapshotId.slice(), at: offset, end })
}

export class SnapshotReads {
  /** By socket: one page after another, in the order in which they were asked for. */
  readonly #answersBySocket = new Map<Socket, Answer[]>()
  #isPumping = false
  /** By document, snapshot and offset, the oldest first. */
  readonly #rows = new Map<string, Row>()

  add(context: Context, answer: Answer): void {
    const before = this.#answersBySocket.get(answer.socket)
    if (before === undefined) this.#answersBySocket.set(answer.socket, [answer])
    else before.push(answer)
    if (this.#isPumping) return
    this.#isPumping = true
    void this.#pump(context)
  }

  /** One row to each socket in turn, until all have what they asked for. */
  async #pump(context: Context): Promise<void> {
    let sent = 0
    while (this.#answersBySocket.size > 0) {
      let hasSent = false
      for (const [socket, answers] of this.#answersBySocket) {
        const answer = answers[0] as Answer
        if (!isOver(answer) && socket.bufferedBytes > context.limits.snapshotQueueBytes) continue
        hasSent = true
        const goesOn = !isOver(answer) && (await this.#sendRow(context, answer))
        if (!goesOn) this.#end(socket, answers)
        if (++sent % ROWS_A_TURN === 0) await pause(context.clock)
      }
      if (!hasSent) await pause(context.clock, DRAIN_MS)
    }
    this.#rows.clear()
    this.#isPumping = false
  }

  #end(socket: Socket, answers: Answer[]): void {
    answers.shift()
    socket.readsInFlight--
    if (answers.length === 0) this.#answersBySocket.delete(socket)
  }

  /** Sends the next row; true when more of the page is to come. Never rejects. */
  async #sendRow(context: Context, answer: Answer): Promise<boolean> {
    const { socket, subscription } = answer
    const refused = { type: CLIENT_FRAME['read-snapshot'], document: subscription.hub.id }
    try {
      const row = await this.#rowAt(context, answer)
      if (row === null) {
        socket.refuse(refused, { code: 'SNAPSHOT_MISSING' })
        return false
      }
      // Asked at each row: a grant may have ended meanwhile. [G12]
      if (isOver(answer) || !subscription.mayRead(context.clock.now())) return false
      socket.send(row.frame)
      answer.at += row.length
      context.metrics.count('snapshot_bytes_sent', undefined, row.length)
      return answer.at < answer.end && answer.at < row.total
    } catch {
      context.metrics.count('reads_failed')
      socket.refuse(refused, { code: 'UNAVAILABLE', retryAfterMs: context.limits.retryAfterMs })
      return false
    }
  }

  /** From an offset to the end of its row; `null` for what is not there. */
  async #rowAt({ store }: Context, { subscription, snapshotId, at }: Answer): Promise<Row | null> {
    const { hub } = subscription
    const key = `${hub.key} ${bytesToHex(snapshotId)} ${at}`
    const known = this.#rows.get(key)
    if (known !== undefined) return known
    const read = await store.snapshots.read(hub.id, snapshotId, at)
    if (read === null) return null
    const { total, bytes } = read
    const chunk = { document: hub.id, snapshotId, total, offset: at, bytes }
    const row = { frame: encodeRelayFrame({ type: 'snapshot-chunk', ...chunk }), total, length: bytes.length }
    if (this.#rows.size >= KEPT_ROWS) {
      const oldest = this.#rows.keys().next()
      if (oldest.done !== true) this.#rows.delete(oldest.value)
    }
    this.#rows.set(key, row)
    return row
  }
}

/** Nobody waits for it any more. */
function isOver({ socket, subscription }: Answer): boolean {
  return !socket.isOpen || subscription.state !== 'live'
}
