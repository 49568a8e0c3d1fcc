/**
 * All that an open document has to do with snapshots: opening from one, and what is said of them meanwhile.
 *
 * @module
 */
import type { NackFrame, OpenedFrame } from '@y-sealed/protocol'
import type { DocumentFrame } from '../connection/channel.ts'
import { SnapshotOpening, type OpeningOptions } from './opening.ts'
import { SnapshotDesk, type SnapshotDeskOptions } from './snapshot-desk.ts'

export type SnapshotSideOptions = Omit<SnapshotDeskOptions, 'log' | 'store' | 'whenKept'> &
  Omit<OpeningOptions, 'deviceId'>

export class SnapshotSide {
  readonly desk: SnapshotDesk
  readonly opening: SnapshotOpening

  constructor(options: SnapshotSideOptions) {
    const { history, device } = options
    const { log, store } = history
    this.desk = new SnapshotDesk({ ...options, log, store, whenKept: () => history.whenKept() })
    this.opening = new SnapshotOpening({ ...options, deviceId: device.id })
  }

  /** OPENED. True where the log is not to be read on from where this device is, until that is decided. */
  begin(frame: OpenedFrame): boolean {
    this.desk.named(frame)
    return this.opening.begin(frame)
  }

  /** True for a frame that is not for anybody else. */
  receive(frame: DocumentFrame): boolean {
    switch (frame.type) {
      case 'entries':
        return this.opening.takeEntries(frame)
      case 'read-done':
        return this.opening.takeReadDone(frame)
      case 'ids':
        return this.opening.takeIds(frame)
      case 'snapshot-chunk':
        this.opening.takeChunk(frame)
        return true
      case 'snapshot-taken':
        this.desk.taken(frame)
        return true
      default:
        return false
    }
  }

  /** Nothing may leave, and nothing comes, until the document has been opened again. */
  closed(): void {
    this.desk.closed()
    this.opening.closed()
  }

  /** True for what was refused of snapshots. */
  refuse(nack: NackFrame): boolean {
    return this.desk.refuse(nack) || this.opening.refuse(nack)
  }
}
