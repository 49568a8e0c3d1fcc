/**
 * A draft: an edit that has no place in a session yet, or never will, as it lies in the outbox. Under a subkey of an epoch key that nothing on
 * the wire uses, bound to its place. Rules KM5, CL14.
 *
 * @module
 */
import {
  concatBytes,
  frameFields,
  padLength,
  Reader,
  Writer,
  type AuthoredUpdate,
  type Bytes,
} from '@y-sealed/protocol'
import { openSecret, sealSecret, type EpochKey } from '@y-sealed/protocol/sealing'
import type { OutboxItem } from '../outbox/outbox.ts'
import type { TypedClock } from '../provider/typed-clocks.ts'

/** First byte of a draft; an envelope begins with the protocol's version, far below. */
const FORMAT = 0xd1
/** Format and epoch. */
const HEAD_BYTES = 5
const LABEL = 'y-sealed/v1/draft'
const MAX_CODE_BYTES = 64
const KIND = { edit: 0, refused: 1, typed: 2 } as const
const MAX_TYPED_CLOCKS = 0xffff

/** An edit, and what of it was made on this device for certain. */
export interface TypedUpdate extends AuthoredUpdate {
  readonly typed: readonly TypedClock[]
}

/** What a draft says. */
export interface Draft extends TypedUpdate {
  /** Why it can never leave, where that is so; `null` for an edit that is to be sealed. */
  readonly refusal: string | null
}

/** Where it lies. */
export type DraftPlace = Omit<OutboxItem, 'envelope'>

export function isDraft({ envelope }: OutboxItem): boolean {
  return envelope[0] === FORMAT
}

export function sealDraft({ refusal, authored, update, typed }: Draft, place: DraftPlace, key: EpochKey): Bytes {
  const kind = refusal !== null ? KIND.refused : typed.length > 0 ? KIND.typed : KIND.edit
  const writer = new Writer(update.length + 32).u8(kind).u64(authored)
  if (refusal !== null) writer.text(refusal, MAX_CODE_BYTES)
  if (kind === KIND.typed) writeTypedClocks(writer, typed.slice(0, MAX_TYPED_CLOCKS))
  const content = writer.raw(update).finish()
  const plaintext = new Uint8Array(padLength(4 + content.length))
  new DataView(plaintext.buffer).setUint32(0, content.length)
  plaintext.set(content, 4)
  const head = new Writer(HEAD_BYTES).u8(FORMAT).u32(key.epoch).finish()
  return concatBytes(head, sealSecret(plaintext, dataOf(head, place), key.subkey('draft')))
}

/** `null` for what is no draft of that place, or of a key that is not held. */
export function openDraft(item: OutboxItem, keyOf: (epoch: number) => EpochKey | null): Draft | null {
  if (!isDraft(item) || item.envelope.length < HEAD_BYTES) return null
  const head = item.envelope.slice(0, HEAD_BYTES)
  const key = keyOf(new DataView(head.buffer).getUint32(1))
  if (key === null) return null
  const plaintext = openSecret(item.envelope.slice(HEAD_BYTES), dataOf(head, item), key.subkey('draft'))
  return plaintext === null ? null : decodeDraft(plaintext)
}

function decodeDraft(plaintext: Bytes): Draft | null {
  if (plaintext.length < 4) return null
  const length = new DataView(plaintext.buffer, plaintext.byteOffset).getUint32(0)
  const reader = new Reader(plaintext.slice(4, 4 + length))
  const kind = reader.u8()
  const authored = reader.u64()
  const refusal = kind === KIND.refused ? reader.text(MAX_CODE_BYTES) : null
  reader.require(kind <= KIND.typed, 'range')
  const typed = kind === KIND.typed ? readTypedClocks(reader) : []
  const decoded = reader.finish({ refusal, authored, typed, update: reader.rest() })
  return decoded.ok ? decoded.value : null
}

function writeTypedClocks(writer: Writer, typed: readonly TypedClock[]): void {
  writer.u16(typed.length)
  for (const { client, clock } of typed) writer.u64(client).u64(clock)
}

function readTypedClocks(reader: Reader): readonly TypedClock[] {
  const count = reader.u16()
  const typed: TypedClock[] = []
  for (let i = 0; i < count && reader.fault === null; i++) typed.push({ client: reader.u64(), clock: reader.u64() })
  return typed
}

function dataOf(head: Bytes, { document, session, counter }: DraftPlace): Bytes {
  return frameFields(LABEL, head, document, session, new Writer(8).u64(counter).finish())
}
