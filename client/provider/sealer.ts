/**
 * The session under which this run seals its entries, and whether one may be sealed now. What is sealed stands in the queue at once. Rules CL10,
 * LO8.
 *
 * @module
 */
import { KIND, type Bytes, type Envelope } from '@y-sealed/protocol'
import { Session } from '@y-sealed/protocol/sealing'
import type { SenderOptions } from './sender-options.ts'
import type { QueuedEntry, SendQueue } from './send-queue.ts'

export interface SealerOptions extends Pick<SenderOptions, 'access' | 'device' | 'log'> {
  readonly queue: SendQueue
  /** The log is read up to the relay's head, and the device may write. */
  readonly isReady: () => boolean
}

export class Sealer {
  readonly #options: SealerOptions
  #session: Session

  constructor(options: SealerOptions) {
    this.#options = options
    this.#session = new Session(options.access.documentId, options.device)
  }

  get session(): Session {
    return this.#session
  }

  /** There is a key under which the next entry of the log would count. */
  get maySeal(): boolean {
    const { access, log, isReady } = this.#options
    return isReady() && access.current !== null && log.isOpen(access.current.epoch)
  }

  /** Its epoch is over, and it is not in the log. */
  readonly isOutlived = (envelope: Envelope): boolean => {
    const { access, log } = this.#options
    return envelope.epoch !== access.current?.epoch && !log.isPending(envelope)
  }

  /** Queues an entry; it is the caller's to have it kept. Throws `RangeError` where there is no key. */
  seal(kind: 1 | 2 | 3, content: Bytes, edits: number, part: QueuedEntry['part'] = null, restored = false): Envelope {
    const { access, log, queue } = this.#options
    if (access.current === null) throw new RangeError('nothing may be sealed now')
    const { envelope } = this.#session.sealEntry(kind, content, access.current, log.head)
    queue.add({ envelope, content, edits, part, restored, copies: [] })
    return envelope
  }

  /** Queues once more what these edits say; it may be in parts no longer, or be so now. */
  sealAnew(entries: readonly QueuedEntry[]): readonly Envelope[] {
    const edits = entries.filter(({ envelope: { kind } }) => kind === KIND.update || kind === KIND.part)
    return edits.map(({ content, edits, part, restored }) =>
      this.seal(part === null ? KIND.update : KIND.part, content, edits, part, restored),
    )
  }

  /** Another session from now on: no counter is ever used twice. True where its first entry has to introduce it. [LO8] */
  renew(): boolean {
    const { access, device } = this.#options
    this.#session = new Session(access.documentId, device)
    return access.introduce(device, this.#session.id) !== null
  }
}
