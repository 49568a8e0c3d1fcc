/**
 * Hands each frame of a document to whom it is for: the log, the sender, presence, members, snapshots, healing. What is ours to begin, a
 * relay's answer may be an answer to any of them. Rules FR4, FR9, FR20.
 *
 * @module
 */
import { CLIENT_FRAME, type AckFrame, type ClosedFrame, type NackFrame } from '@y-sealed/protocol'
import type { DocumentFrame } from '../connection/channel.ts'
import { entriesOf } from '../log/document-log.ts'
import type { DocumentParts } from './document-parts.ts'
import { judgeRefusal, refusalName } from './down-reason.ts'
import type { Opening } from './opening.ts'

export interface FramePostOptions extends DocumentParts {
  readonly opening: Opening
}

export class FramePost {
  readonly #options: FramePostOptions

  constructor(options: FramePostOptions) {
    this.#options = options
  }

  deliver(frame: DocumentFrame): void {
    const { history, healer, own, snapshots, opening } = this.#options
    if (history.past.receive(frame) || snapshots()?.receive(frame)) return
    switch (frame.type) {
      case 'opened':
        return opening.opened(frame)
      case 'entries':
        return history.follower.offer(entriesOf(frame))
      case 'read-done':
        return history.follower.readDone(frame.through >= frame.headSeq)
      case 'lagged':
        return history.follower.lagged()
      case 'ack':
        return this.#acknowledged(frame)
      case 'nack':
        return this.#refused(frame)
      case 'awareness':
        return own.presence?.receive(frame.envelope)
      case 'gone':
        return own.presence?.drop(frame)
      case 'head':
        return history.follower.learnHead(frame.head, 'relay')
      case 'refreshed':
        return opening.refreshed(frame)
      case 'closed':
        return this.#closed(frame)
      case 'records':
        return opening.recordsTold(frame)
      case 'restored':
        return healer.restored(frame)
      case 'ids':
        return healer.ids(frame)
      case 'snapshot-chunk':
      case 'snapshot-taken':
        return
    }
  }

  #acknowledged(frame: AckFrame): void {
    const { history, foundation, desk, own, line, quoter, snapshots } = this.#options
    // The document is laid down: opening it again gives its first head, signed, and its genesis as the relay has it.
    if (foundation.takeAnswer(frame)) return line.reopen()
    const record = desk?.acknowledge(frame) ?? null
    const quoted = quoter()?.acknowledge(frame) ?? null
    if (quoted !== null) return history.follower.offer(quoted)
    const ofSnapshots = record ? null : (snapshots()?.desk.acknowledge(frame) ?? null)
    if (ofSnapshots !== null) return history.follower.offer(ofSnapshots)
    history.follower.offer(record ? [record] : (own.sender?.acknowledge(frame) ?? []))
  }

  #refused(frame: NackFrame): void {
    const { history, healer, foundation, desk, own, line, quoter, snapshots, emit } = this.#options
    const { code, retryAfterMs } = frame
    if (foundation.takeAnswer(frame)) return line.obey(judgeRefusal(code, retryAfterMs, 'create'))
    if (healer.refused(frame)) return
    if (refusalName(code) === 'NEEDS_RESTORE') healer.lacks()
    if (frame.refused === CLIENT_FRAME.push && desk?.refuse(frame)) return
    if (snapshots()?.refuse(frame) || quoter()?.refuse(frame)) return
    switch (frame.refused) {
      case CLIENT_FRAME.push:
      case CLIENT_FRAME['push-part']:
        return own.sender?.refuse(frame)
      case CLIENT_FRAME.open:
        return line.obey(judgeRefusal(code, retryAfterMs, 'open'))
      case CLIENT_FRAME.read:
        return history.follower.readRefused(retryAfterMs)
      default:
        emit('requestRefused', [{ code: refusalName(code), message: 'the relay refused the request' }])
    }
  }

  #closed({ code, retryAfterMs }: ClosedFrame): void {
    const { line, emit } = this.#options
    if (refusalName(code) === 'DELETED') emit('deleted', [])
    line.obey(judgeRefusal(code, retryAfterMs, 'live'))
  }
}
