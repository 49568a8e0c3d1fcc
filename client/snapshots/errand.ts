/**
 * What this device says of snapshots, or of others' entries, under a session of its own, so that no edit ever waits for it or is sealed anew
 * because of it. One at a time. Rules FR9, KM15, LO8, LO9.
 *
 * @module
 */
import {
  encodeBind,
  equalBytes,
  KIND,
  type AckFrame,
  type Bytes,
  type ClientFrame,
  type Envelope,
  type NackFrame,
} from '@y-sealed/protocol'
import { Session, type Device, type EpochKey } from '@y-sealed/protocol/sealing'
import type { DocumentAccess } from '../document/document-access.ts'
import type { DocumentLog, LogEntry } from '../log/document-log.ts'
import { cutContent, type UpdateContent } from '../provider/cut-update.ts'
import { Turns } from '../stores/turns.ts'

/** What became of it: stored, refused, or unknown since the socket is gone. */
export type ErrandResult = 'stored' | 'lost' | NackFrame

export interface ErrandOptions {
  readonly access: DocumentAccess
  readonly device: Device
  readonly log: DocumentLog
  /** The Yjs client that a session's first bind names in `shared-key` mode. */
  readonly clientId: () => number
  /** False when nothing was sent. */
  readonly send: (frame: ClientFrame) => boolean
}

type ErrandKind = typeof KIND.publication | typeof KIND.attestation | typeof KIND.update

interface SealedContent {
  readonly envelope: Envelope
  readonly content: Bytes
  readonly part: UpdateContent['part']
}

interface Sent {
  readonly entries: readonly SealedContent[]
  readonly resolve: (result: ErrandResult) => void
}

export class Errand {
  readonly #options: ErrandOptions
  #session: Session
  #sent: Sent | null = null
  readonly #turns = new Turns()

  constructor(options: ErrandOptions) {
    this.#options = options
    this.#session = new Session(options.access.documentId, options.device)
  }

  /** Under which its snapshots are sealed too. */
  get session(): Session {
    return this.#session
  }

  /** Sends one entry, or an update in parts, when what it was given before is answered. */
  push(kind: ErrandKind, body: Bytes, key: EpochKey): Promise<ErrandResult> {
    return this.#turns.take(() => this.#push(kind, body, key))
  }

  async #push(kind: ErrandKind, body: Bytes, key: EpochKey): Promise<ErrandResult> {
    const contents = kind === KIND.update ? cutContent(body) : [{ kind, content: body, part: null }]
    const entries = [...this.#introduce(key), ...contents.map((each) => this.#seal(each, key))]
    const result = await this.#send(entries)
    // No counter is used twice: whatever did not get into the log is sealed under another session. [LO8]
    if (result !== 'stored') this.#session = new Session(this.#options.access.documentId, this.#options.device)
    return result
  }

  /** Entries of this errand that are in the log by the relay's word; `null` for somebody else's. */
  acknowledge({ session, counter, count, seq }: AckFrame): LogEntry[] | null {
    const sent = this.#sent
    if (sent === null || !equalBytes(session, this.#session.id)) return null
    const named = sent.entries.filter(
      ({ envelope }) => envelope.counter >= counter && envelope.counter < counter + count,
    )
    if (named.at(-1) === sent.entries.at(-1)) this.#end('stored')
    return named.map(({ envelope, content }) => ({ seq: seq + envelope.counter - counter, envelope, content }))
  }

  /** False for what was refused of somebody else. */
  refuse(nack: NackFrame): boolean {
    if (this.#sent === null || !equalBytes(nack.session, this.#session.id)) return false
    this.#end(nack)
    return true
  }

  /** The socket is gone: what was sent may have arrived. */
  closed(): void {
    this.#end('lost')
  }

  #end(result: ErrandResult): void {
    const sent = this.#sent
    this.#sent = null
    sent?.resolve(result)
  }

  #send(entries: Sent['entries']): Promise<ErrandResult> {
    return new Promise((resolve) => {
      this.#sent = { entries, resolve }
      // A publication or an attestation travels alone. [FR3]
      for (const { envelope, part } of entries) {
        const frame: ClientFrame =
          part === null ? { type: 'push', envelopes: [envelope] } : { type: 'push-part', ...part, envelope }
        if (!this.#options.send(frame)) return this.#end('lost')
      }
    })
  }

  /** A session begins with its introduction, where nobody knows its device otherwise. */
  #introduce(key: EpochKey): Sent['entries'] {
    const { access, device, clientId } = this.#options
    const introduction = this.#session.counter === 0 ? access.introduce(device, this.#session.id) : null
    if (introduction === null) return []
    const content = encodeBind({ clientId: clientId(), introduction })
    return [this.#seal({ kind: KIND.bind, content, part: null }, key)]
  }

  #seal(
    { kind, content, part }: Pick<SealedContent, 'content' | 'part'> & { readonly kind: 1 | 2 | 3 | 5 | 6 },
    key: EpochKey,
  ): SealedContent {
    return { envelope: this.#session.sealEntry(kind, content, key, this.#options.log.head).envelope, content, part }
  }
}
