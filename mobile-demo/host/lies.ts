/**
 * What something between the phones and the relay can do without any key: turn a bit of what it passes on, keep something back, or show what was
 * there before. It lies of one document, to everybody alike.
 *
 * @module
 */
import {
  bytesToBase64url,
  decodeClientFrame,
  decodeRelayFrame,
  encodeEntries,
  encodeRelayFrame,
  frameDocument,
  HEADER_BYTES,
  type Bytes,
  type EntriesFrame,
  type RelayFrame,
  type SignedHead,
} from '@y-sealed/protocol'

/** `alter`: one bit of each entry that comes by for the first time. `drop`: the next entry, however often it is asked for. `roll-back`: all that came after an older head. */
export const LIES = ['alter', 'drop', 'roll-back'] as const
export type LieName = (typeof LIES)[number]

/** What was done to something on its way. */
export interface Deed {
  readonly lie: LieName
  /** Base64url. */
  readonly document: string
  /** Of the entry; of the head that is shown in place of the newest. */
  readonly seq: number
  /** How many entries that concerns. */
  readonly entries: number
}

const NOTHING: readonly Bytes[] = []
/** How a device shows a relay that it has lost something, and gives it back: the relay behind knows nothing of a loss. */
const GIVING_BACK: ReadonlySet<string> = new Set(['show-head', 'show-ids', 'restore', 'read-ids'])

export class Liar {
  readonly #onDeed: (deed: Deed) => void
  #lie: LieName | null = null
  #document = ''
  /** The entry that is kept back. */
  #hole: number | null = null
  /** What was altered for whom: whoever asks again is given it as it is. */
  readonly #altered = new WeakMap<object, number>()
  /** The first head of each document that the relay has signed here: an older one than any that comes. */
  readonly #firstHeads = new Map<string, SignedHead>()

  constructor(onDeed: (deed: Deed) => void) {
    this.#onDeed = onDeed
  }

  get lie(): LieName | null {
    return this.#lie
  }

  /** From now on; `null` is the truth. */
  tell(lie: LieName | null, document: string): void {
    this.#lie = lie
    this.#document = document
    this.#hole = null
  }

  /** What a phone is told in place of a message of the relay's, in order. */
  toPhone(phone: object, message: Bytes): readonly Bytes[] {
    const decoded = decodeRelayFrame(message)
    if (!decoded.ok) return [message]
    const frame = decoded.value
    this.#remember(frame)
    if (this.#lie === null || documentOf(frame) !== this.#document) return [message]
    if (this.#lie === 'roll-back') return this.#rollBack(frame, message)
    return frame.type === 'entries' ? this.#spoil(phone, frame, this.#lie) : [message]
  }

  /** What the relay is told in place of a phone's message. */
  toRelay(message: Bytes): readonly Bytes[] {
    if (this.#lie !== 'roll-back') return [message]
    const decoded = decodeClientFrame(message)
    if (!decoded.ok || !GIVING_BACK.has(decoded.value.type)) return [message]
    const document = frameDocument(decoded.value)
    return document !== null && bytesToBase64url(document) === this.#document ? NOTHING : [message]
  }

  #remember(frame: RelayFrame): void {
    if (frame.type !== 'head' && (frame.type !== 'opened' || !frame.present)) return
    const document = bytesToBase64url(frame.document)
    if (!this.#firstHeads.has(document)) this.#firstHeads.set(document, { ...frame.head })
  }

  #spoil(phone: object, { seq: first, envelopes }: EntriesFrame, lie: 'alter' | 'drop'): readonly Bytes[] {
    return envelopes.flatMap(({ bytes }, index) => {
      const seq = first + index
      const isSpared = lie === 'drop' ? (this.#hole ??= seq) !== seq : seq <= (this.#altered.get(phone) ?? 0)
      if (isSpared) return [encodeEntries(seq, [bytes])]
      if (lie === 'alter') this.#altered.set(phone, seq)
      this.#did(seq, 1)
      return lie === 'drop' ? NOTHING : [encodeEntries(seq, [turnBit(bytes)])]
    })
  }

  #rollBack(frame: RelayFrame, message: Bytes): readonly Bytes[] {
    const head = this.#firstHeads.get(this.#document)
    if (head === undefined) return [message]
    if (frame.type === 'opened' && frame.present) {
      this.#did(head.seq, frame.head.seq - head.seq)
      return [encodeRelayFrame({ ...frame, head, through: head.seq })]
    }
    return frame.type === 'entries' || frame.type === 'head' || frame.type === 'read-done' ? NOTHING : [message]
  }

  #did(seq: number, entries: number): void {
    if (this.#lie !== null) this.#onDeed({ lie: this.#lie, document: this.#document, seq, entries })
  }
}

function documentOf(frame: RelayFrame): string {
  if (frame.type === 'entries') return bytesToBase64url(frame.envelopes[0]?.document ?? new Uint8Array(0))
  return 'document' in frame ? bytesToBase64url(frame.document) : ''
}

/** In the middle of what is sealed. */
function turnBit(envelope: Bytes): Bytes {
  const turned = envelope.slice()
  const at = Math.min(HEADER_BYTES + 9, turned.length - 1)
  turned[at] = (turned[at] as number) ^ 1
  return turned
}
