/**
 * How the tabs of one device tell each other what they have read of a document: ENTRIES as a relay sends them, sealed as they are, and verified
 * by whoever hears of them. Rule CL16.
 *
 * @module
 */
import { decodeRelayFrame, encodeRelayFrame, equalBytes, type Bytes } from '@y-sealed/protocol'
import { entriesOf, type LogEntry } from '../log/document-log.ts'

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

  /** Tells the others of entries that follow each other. */
  tell(entries: readonly LogEntry[]): void {
    let page: LogEntry[] = []
    let bytes = 0
    for (const entry of entries) {
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

  close(): void {
    this.#line.close()
  }

  #send(entries: readonly LogEntry[]): void {
    const [first] = entries
    if (first === undefined) return
    const envelopes = entries.map(({ envelope }) => envelope)
    this.#line.send(encodeRelayFrame({ type: 'entries', seq: first.seq, envelopes }))
  }
}
