/**
 * Whether quoted entries count: each by its own author's signature, and as if that author brought it now. Rule CL31.
 *
 * @module
 */
import {
  bytesToHex,
  decodeBind,
  envelopeId,
  equalBytes,
  isAtLeast,
  KIND,
  signatureInput,
  sodiumSha512,
  verifySignature,
  type BindContent,
  type Bytes,
  type Envelope,
} from '@y-sealed/protocol'
import type { Authority, DocumentAccess } from '../document/document-access.ts'
import { checkUpdate, type LogView } from '../yjs/check-update.ts'
import type { BoundClient } from '../yjs/log-state.ts'
import type { DeleteRange } from '../yjs/inspect-update.ts'
import { MAX_STRUCTS } from '../yjs/update-limits.ts'
import { contentOf, QuotedUpdates, type QuotedUpdate } from './quoted-updates.ts'

export interface QuoteJudgeOptions {
  readonly access: Pick<DocumentAccess, 'mode' | 'documentId' | 'keyOf'>
  readonly authority: Authority
  /** As of the log before the quote. */
  readonly state: LogView
  /** The quote's own place, or that which it would have. */
  readonly seq: number
}

/** What counts of a run of quoted entries, all together. */
export interface QuotedGrowth {
  /** What Yjs gets of each edit. [CL3] */
  readonly feeds: readonly Bytes[]
  readonly growth: ReadonlyMap<number, number>
  readonly deletes: readonly DeleteRange[]
  readonly bound: readonly BoundClient[]
  /** The newest claim of them. [EN10] */
  readonly authored: number
}

export class QuoteJudge {
  readonly #options: QuoteJudgeOptions
  /** What is quoted is taken in, and nobody else knows of it. */
  readonly #clocks = new Map<number, number>()
  readonly #devices = new Map<number, Bytes>()
  readonly #view: LogView
  readonly #feeds: Bytes[] = []
  readonly #deletes: DeleteRange[] = []
  #authored = 0
  /** In `shared-key` mode: both keys of whom this quote has introduced, by device and session. [KM15] */
  #keysBySession = new Map<string, Bytes>()
  #reader = new QuotedUpdates()
  #place = 0
  #structs = 0

  constructor(options: QuoteJudgeOptions) {
    this.#options = options
    const { state } = options
    this.#view = {
      clockOf: (client) => this.#clocks.get(client) ?? state.clockOf(client),
      deviceOf: (client) => state.deviceOf(client) ?? this.#devices.get(client) ?? null,
    }
  }

  /** The log as it would be with all that was taken. */
  get view(): LogView {
    return this.#view
  }

  /** The next quote begins: it speaks for itself, upon what those before it bring. */
  begin(): void {
    this.#keysBySession = new Map()
    this.#reader = new QuotedUpdates()
    this.#place = 0
    this.#structs = 0
  }

  /** So many more structs, and the quote would count for nothing. */
  isFullWith(structs: number): boolean {
    return this.#structs + structs > MAX_STRUCTS
  }

  /** Takes the next entry; false where it, and so its quote, does not count. */
  take(envelope: Envelope): boolean {
    const { access, seq } = this.#options
    const { kind } = envelope
    if (!equalBytes(envelope.document, access.documentId)) return false
    if (kind !== KIND.update && kind !== KIND.part && kind !== KIND.bind) return false
    const content = contentOf(envelope, access)
    const decoded = content !== null && kind === KIND.bind ? decodeBind(content) : null
    const bind = decoded?.ok ? decoded.value : null
    if (content === null || (kind === KIND.bind && bind === null)) return false
    if (bind !== null) this.#introduce(envelope)
    if (!this.#isAuthentic(envelope, seq)) return false
    if (bind !== null) {
      this.#place += 1
      return this.#bind(envelope, bind)
    }
    const update = this.#reader.take(this.#place++, envelope, content)
    return update !== null && (update === 'more' || this.#count(update))
  }

  /** What counts; `null` where an edit is not whole, or there is none. */
  finish(): QuotedGrowth | null {
    if (this.#reader.isOpenAfter(this.#place - 1) || this.#feeds.length === 0) return null
    const bound = [...this.#devices].map(([client, device]) => ({ client, device }))
    return { feeds: this.#feeds, growth: this.#clocks, deletes: this.#deletes, bound, authored: this.#authored }
  }

  #introduce(envelope: Envelope): void {
    const keys = this.#options.authority.introducedBy(envelope)
    if (keys !== null) this.#keysBySession.set(sessionOf(envelope), keys)
  }

  /** Singly, and by one who may write where the quote stands. */
  #isAuthentic(envelope: Envelope, seq: number): boolean {
    const { access, authority } = this.#options
    const isRoom = access.mode === 'shared-key'
    const introduced = this.#keysBySession.get(sessionOf(envelope))?.subarray(0, 32) ?? null
    const key = isRoom ? introduced : authority.signKeyOf(envelope, seq)
    const commitment = authority.commitmentOf(envelope.epoch, seq)
    if (key === null || commitment === null) return false
    if (!isRoom && !isAtLeast(authority.roleAt(envelope.device, envelope.session, seq), 'writer')) return false
    const id = envelopeId(sodiumSha512, commitment, envelope)
    return verifySignature(envelope.signature, signatureInput(id), key)
  }

  #bind({ device }: Envelope, { clientId }: BindContent): boolean {
    const owner = this.#view.deviceOf(clientId)
    if (owner !== null) return equalBytes(owner, device)
    this.#devices.set(clientId, device.slice())
    return true
  }

  #count({ update, authored, device }: QuotedUpdate): boolean {
    const verdict = checkUpdate(update, this.#view, device)
    if (!verdict.ok || this.isFullWith(verdict.structs)) return false
    this.#structs += verdict.structs
    for (const [client, clock] of verdict.growth) this.#clocks.set(client, clock)
    this.#deletes.push(...verdict.deletes)
    this.#feeds.push(verdict.feed)
    this.#authored = Math.max(this.#authored, authored)
    return true
  }
}

export function sessionOf({ device, session }: Envelope): string {
  return bytesToHex(device) + bytesToHex(session)
}
