/**
 * How the tabs of one device tell each other what they have read of a document: ENTRIES as a relay sends them, sealed as they are, and verified
 * by whoever hears of them. Rule CL16.
 *
 * @module
 */
import { decodeRelayFrame, encodeRelayFrame, equalBytes, type Bytes } from '@y-sealed/protocol'
import { entriesOf, type LogEntry } from '../log/document-log.ts'
import { startTimer, type Cancel } from '../platform.ts'

/** One document's line to the other tabs. */
export interface TabLine {
  send(message: Bytes): void
  close(): void
}

/** Tabs that share one storage. */
export interface Tabs {
  /** Hears what other tabs say of a document (16 bytes); never what this one says. */
  join(document: Bytes, hear: (message: Bytes) => void): TabLine
}

export interface TabTalkOptions {
  readonly tabs: Tabs
  readonly document: Bytes
  /** Another tab has read these. */
  readonly onEntries: (entries: readonly LogEntry[]) => void
}

/** So many bytes of envelopes go into one message. */
const MESSAGE_BYTES = 262_144

export class TabTalk {
  readonly #line: TabLine
  /** Up to here another tab has said it. */
  #heard = 0
  /** To be told. */
  #waiting: LogEntry[] = []
  #timer: Cancel | null = null

  constructor({ tabs, document, onEntries }: TabTalkOptions) {
    this.#line = tabs.join(document, (message) => {
      const frame = decodeRelayFrame(message)
      if (!frame.ok || frame.value.type !== 'entries') return
      const entries = entriesOf(frame.value)
      if (entries.some(({ envelope }) => !equalBytes(envelope.document, document))) return
      this.#heard = Math.max(this.#heard, entries.at(-1)?.seq ?? 0)
      onEntries(entries)
    })
  }

  /** Tells the others of entries that follow each other, once this tab has shown them: each message takes half as long as that. */
  tell(entries: readonly LogEntry[]): void {
    this.#waiting.push(...entries)
    this.#timer ??= startTimer(0, () => this.#tellWaiting())
  }

  close(): void {
    this.#tellWaiting()
    this.#line.close()
  }

  #tellWaiting(): void {
    this.#timer?.()
    this.#timer = null
    let page: LogEntry[] = []
    let bytes = 0
    for (const entry of this.#waiting.splice(0)) {
      if (entry.seq <= this.#heard) continue
      page.push(entry)
      bytes += entry.envelope.bytes.length
      if (bytes < MESSAGE_BYTES) continue
      this.#send(page)
      page = []
      bytes = 0
    }
    this.#send(page)
  }

  #send(entries: readonly LogEntry[]): void {
    const [first] = entries
    if (first === undefined) return
    const envelopes = entries.map(({ envelope }) => envelope)
    this.#line.send(encodeRelayFrame({ type: 'entries', seq: first.seq, envelopes }))
  }
}
