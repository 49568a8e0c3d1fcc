/**
 * Which of the lost entries are to be quoted: those whose edits the log lacks and would count, with the binds that they need. Rules CL31, CL2.
 *
 * @module
 */
import {
  AUTHORED_BYTES,
  bytesToHex,
  decodeAuthoredUpdate,
  decodeBind,
  decodePart,
  encodeQuote,
  equalBytes,
  isQuote,
  KIND,
  quotedBytes,
  type Bytes,
  type Envelope,
} from '@y-sealed/protocol'
import type { LogState } from '../yjs/log-state.ts'
import { inspectUpdate, type UpdateBlock, type UpdateSummary } from '../yjs/inspect-update.ts'
import { QuoteJudge, sessionOf, type QuoteJudgeOptions } from './quote-judge.ts'
import { contentOf, QuotedUpdates, quotedEnvelopes, readQuotedUpdates, type QuotedUpdate } from './quoted-updates.ts'

/** A quote ends with the edit with which it comes to so much: others' edits go in between. */
export const ENOUGH_BYTES = 131_072

export interface QuotePlanOptions extends Omit<QuoteJudgeOptions, 'state'> {
  readonly state: LogState
  /** Of this device, 16 bytes: what it wrote itself it writes anew by itself, as far as its document has it. */
  readonly device: Bytes
  /** The clock of a client in that document. */
  readonly heldClockOf: (client: number) => number
  /** The quote that ended with this entry the relay found too large. */
  readonly isTooLarge: (last: Envelope) => boolean
}

/** One edit with the entries that bring it. */
interface Unit {
  readonly envelopes: readonly Envelope[]
  readonly update: QuotedUpdate
}

export class QuotePlan {
  readonly #options: QuotePlanOptions
  readonly #judge: QuoteJudge
  /** Who has the key can make up binds of anybody, in a quote that does not count: the first that holds is taken. */
  readonly #bindsByClient = new Map<string, Envelope[]>()
  /** By which a session was introduced. */
  readonly #bindsBySession = new Map<string, Envelope[]>()
  #reader = new QuotedUpdates()
  #place = 0
  #unit: Envelope[] = []
  readonly #quotes: Bytes[] = []
  #quote: Envelope[] = []
  #bytes = AUTHORED_BYTES
  /** The log lacks an edit. */
  #isLacking = false

  constructor(options: QuotePlanOptions) {
    this.#options = options
    this.#judge = new QuoteJudge(options)
  }

  /** Takes the next of the lost entries, in their order. */
  take(envelope: Envelope): void {
    const joined = this.#takeOne(envelope)
    if (joined === null || !isQuote(joined)) return
    // Somebody's quote of an earlier loss: what it holds is lost once more. No quote holds a quote.
    for (const each of quotedEnvelopes(joined) ?? []) this.#takeOne(each)
  }

  /** The content that it completes, which may be a quote. */
  #takeOne(envelope: Envelope): Bytes | null {
    const content = contentOf(envelope, this.#options.access)
    if (content === null) return null
    if (envelope.kind === KIND.bind) {
      this.#noteBind(envelope, content)
      return null
    }
    // What was begun and not ended before it, nobody quotes with it.
    if (envelope.kind !== KIND.part || isFirstPart(content)) this.#unit = []
    const joined = this.#reader.join(this.#place++, envelope, content)
    if (joined === 'more') {
      this.#unit.push(envelope)
      return null
    }
    const envelopes = [...this.#unit, envelope]
    this.#unit = []
    const decoded = joined === null ? null : decodeAuthoredUpdate(joined)
    if (decoded?.ok) this.#consider({ envelopes, update: { ...decoded.value, device: envelope.device } })
    return joined
  }

  /** Contents of updates that quote what the log lacks, each upon those before it; `isLacking`: there is more than they say, or they do. */
  finish(): { readonly quotes: readonly Bytes[]; readonly isLacking: boolean } {
    this.#endQuote()
    return { quotes: this.#quotes, isLacking: this.#isLacking }
  }

  #noteBind(envelope: Envelope, content: Bytes): void {
    const bind = decodeBind(content)
    if (!bind.ok) return
    addTo(this.#bindsByClient, bindName(bind.value.clientId, envelope.device), envelope)
    if (bind.value.introduction !== null) addTo(this.#bindsBySession, sessionOf(envelope), envelope)
  }

  #consider({ envelopes, update }: Unit): void {
    const { state } = this.#options
    const inspection = inspectUpdate(update.update)
    if (!inspection.ok || isKnown(inspection.summary, state)) return
    const { blocks } = inspection.summary
    this.#isLacking = true
    if (this.#options.isTooLarge(envelopes.at(-1) as Envelope)) return
    if (this.#isWrittenAnew(update.device, blocks)) return
    if (this.#judge.isFullWith(blocks.reduce((sum, { structs }) => sum + structs.length, 0))) this.#endQuote()
    const growing = blocks.filter(({ client, end }) => end > this.#judge.view.clockOf(client))
    this.#takeFirst(this.#bindsBySession.get(sessionOf(envelopes[0] as Envelope)))
    for (const { client } of growing) {
      if (this.#judge.view.deviceOf(client) === null)
        this.#takeFirst(this.#bindsByClient.get(bindName(client, update.device)))
    }
    if (!envelopes.every((each) => this.#judge.take(each))) return
    for (const each of envelopes) this.#add(each)
    if (this.#bytes >= ENOUGH_BYTES) this.#endQuote()
  }

  /** The first of these that holds; what does not, is forgotten. */
  #takeFirst(binds: Envelope[] = []): void {
    for (let bind = binds[0]; bind !== undefined && !this.#quote.includes(bind); bind = binds[0]) {
      const introductions = this.#bindsBySession.get(sessionOf(bind))
      // Of a session that is not introduced in this quote no bind holds.
      if (introductions !== binds) this.#takeFirst(introductions)
      if (this.#judge.take(bind)) return this.#add(bind)
      binds.shift()
    }
  }

  /** What a run that ended too soon has not sealed or drafted anew, the document of the next one lacks. [CL14] */
  #isWrittenAnew(author: Bytes, blocks: readonly UpdateBlock[]): boolean {
    const { device, state, heldClockOf } = this.#options
    const lacking = blocks.filter(({ client, end }) => end > state.clockOf(client))
    const isHeld = lacking.length > 0 && lacking.every(({ client, end }) => end <= heldClockOf(client))
    return isHeld && equalBytes(author, device)
  }

  #add(envelope: Envelope): void {
    this.#quote.push(envelope)
    this.#bytes += quotedBytes(envelope.bytes)
  }

  #endQuote(): void {
    if (this.#quote.some(({ kind }) => kind !== KIND.bind)) {
      this.#quotes.push(encodeQuote({ envelopes: this.#quote.map(({ bytes }) => bytes) }))
    }
    this.#quote = []
    this.#bytes = AUTHORED_BYTES
    this.#judge.begin()
  }
}

/** Would a quote that was planned bring the log nothing any more? */
export function isBrought(content: Bytes, { access, state }: Pick<QuotePlanOptions, 'access' | 'state'>): boolean {
  return (readQuotedUpdates(content, access) ?? []).every(({ update }) => {
    const inspection = inspectUpdate(update)
    return inspection.ok && isKnown(inspection.summary, state)
  })
}

function isKnown({ blocks, deletes }: UpdateSummary, state: LogState): boolean {
  return blocks.every(({ client, end }) => end <= state.clockOf(client)) && state.hasDeleted(deletes)
}

function isFirstPart(content: Bytes): boolean {
  const part = decodePart(content)
  return part.ok && part.value.index === 0
}

function addTo(bindsByName: Map<string, Envelope[]>, name: string, bind: Envelope): void {
  const binds = bindsByName.get(name)
  if (binds === undefined) bindsByName.set(name, [bind])
  else binds.push(bind)
}

function bindName(client: number, device: Bytes): string {
  return `${client} ${bytesToHex(device)}`
}
