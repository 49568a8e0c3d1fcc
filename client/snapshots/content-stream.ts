/**
 * What a Yjs state holds, as a stream in which neither the order of updates, nor how they were merged or cut, nor what was collected shows:
 * two replicas write the same stream iff they hold the same. It reads the state as it is sealed, and integrates nothing. Rule LO12.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import * as encoding from 'lib0/encoding'
import {
  ContentAny,
  ContentBinary,
  ContentDeleted,
  ContentDoc,
  ContentEmbed,
  ContentFormat,
  ContentJSON,
  ContentString,
  ContentType,
  decodeUpdateV2,
  Item,
  type AbstractType,
  type ID,
} from 'yjs'
import type { LeafHasher } from './leaf-hasher.ts'

const DELETED = 0
const LIVE = 1
const REPLACEMENT = 0xfffd
/** After so many structs, or sixteen times as many units, whoever drives it may turn to something else. */
const STEP_STRUCTS = 1_024

type SharedType = AbstractType<unknown>
type Struct = ReturnType<typeof decodeUpdateV2>['structs'][number]

/** A live run: its first item, and the content of all. */
interface LiveRun {
  readonly first: Item
  readonly text: string[] | null
  readonly values: unknown[] | null
  units: number
}

/**
 * Writes the stream of a whole state (Yjs V2, checked by `checkState`) to `out`, and yields between steps. Gives false for a state of which
 * a struct is deleted in part: no Yjs writes that. [LO12]
 */
export function* writeContent(state: Bytes, out: LeafHasher): Generator<void, boolean, void> {
  const { structs, ds } = decodeUpdateV2(state)
  const structsByClient = groupByClient(structs)
  const writer = new RunWriter(out)
  let credit = STEP_STRUCTS
  for (const client of [...structsByClient.keys()].sort((a, b) => a - b)) {
    const deleted = new DeletedSpans(ds.clients.get(client) ?? [])
    for (const struct of structsByClient.get(client) as Struct[]) {
      const isDeleted = deleted.cover(struct)
      if (isDeleted === null) return false
      writer.take(struct, isDeleted)
      credit -= 1 + (struct.length >>> 4)
      if (credit > 0) continue
      credit = STEP_STRUCTS
      yield
    }
    writer.end()
  }
  return true
}

function groupByClient(structs: readonly Struct[]): Map<number, Struct[]> {
  const byClient = new Map<number, Struct[]>()
  for (const struct of structs) {
    const own = byClient.get(struct.id.client)
    if (own) own.push(struct)
    else byClient.set(struct.id.client, [struct])
  }
  return byClient
}

/** One client's deleted ranges, asked about in ascending order. */
class DeletedSpans {
  readonly #spans: readonly { readonly clock: number; readonly len: number }[]
  #next = 0

  constructor(spans: readonly { readonly clock: number; readonly len: number }[]) {
    this.#spans = spans.toSorted((a, b) => a.clock - b.clock)
  }

  /** Is it deleted? `null`: in part. */
  cover({ id, length }: Struct): boolean | null {
    const [start, end] = [id.clock, id.clock + length]
    let span = this.#spans[this.#next]
    while (span !== undefined && span.clock + span.len <= start) span = this.#spans[++this.#next]
    if (span === undefined || span.clock >= end) return false
    let covered = start
    for (let i = this.#next; covered < end; i++) {
      const each = this.#spans[i]
      if (each === undefined || each.clock > covered) return null
      covered = Math.max(covered, each.clock + each.len)
    }
    return true
  }
}

class RunWriter {
  readonly #out: LeafHasher
  #deletedFrom: ID | null = null
  #deletedUnits = 0
  #live: LiveRun | null = null
  /** Clock after the newest struct. */
  #next = 0

  constructor(out: LeafHasher) {
    this.#out = out
  }

  /** The next struct of a client. */
  take(struct: Struct, isDeleted: boolean): void {
    if (struct instanceof Item && !isDeleted && !(struct.content instanceof ContentDeleted)) this.#takeLive(struct)
    else this.#takeDeleted(struct.id, struct.length)
    this.#next = struct.id.clock + struct.length
  }

  /** The client has no more. */
  end(): void {
    this.#endLive()
    this.#endDeleted()
  }

  #takeDeleted(id: ID, units: number): void {
    this.#endLive()
    this.#deletedFrom ??= id
    this.#deletedUnits += units
  }

  #takeLive(item: Item): void {
    this.#endDeleted()
    const { content } = item
    const live = this.#live
    if (live !== null && this.#continues(live, item)) {
      if (content instanceof ContentString) live.text?.push(content.str)
      else live.values?.push(...listValues(content))
      live.units += item.length
      return
    }
    this.#endLive()
    const text = content instanceof ContentString ? [content.str] : null
    const isList = content instanceof ContentAny || content instanceof ContentJSON
    this.#live = { first: item, text, values: isList ? [...listValues(content)] : null, units: item.length }
  }

  #continues({ first, text, values }: LiveRun, { id, origin, rightOrigin, content }: Item): boolean {
    const isList = content instanceof ContentAny || content instanceof ContentJSON
    if (content.getRef() !== first.content.getRef() || (text === null && (values === null || !isList))) return false
    const follows = origin !== null && origin.client === id.client && origin.clock === this.#next - 1
    return follows && isSameId(rightOrigin, first.rightOrigin)
  }

  #endDeleted(): void {
    const from = this.#deletedFrom
    if (from === null) return
    this.#out.u8(DELETED)
    this.#out.u64(from.client)
    this.#out.u64(from.clock)
    this.#out.u64(this.#deletedUnits)
    this.#deletedFrom = null
    this.#deletedUnits = 0
  }

  #endLive(): void {
    const live = this.#live
    if (live === null) return
    this.#live = null
    const { first, text, values, units } = live
    const out = this.#out
    out.u8(LIVE)
    out.u64(first.id.client)
    out.u64(first.id.clock)
    out.u32(units)
    this.#writeId(first.origin)
    this.#writeId(first.rightOrigin)
    this.#writeParent(first)
    out.u8(first.content.getRef())
    if (text !== null) this.#writeText(text.join(''))
    else out.bytes32(encodeAny(values ?? singleValues(first.content)))
  }

  #writeId(id: ID | null): void {
    this.#out.u8(id === null ? 0 : 1)
    if (id === null) return
    this.#out.u64(id.client)
    this.#out.u64(id.clock)
  }

  /** Where a neighbour is named, it stands in the same list. */
  #writeParent({ origin, rightOrigin, parent, parentSub }: Item): void {
    if (origin !== null || rightOrigin !== null) return
    // Yjs decodes the name of a root as it stands, and says otherwise in its types.
    const place = parent as unknown as string | ID
    if (typeof place === 'string') {
      this.#out.u8(0)
      this.#out.bytes32(new TextEncoder().encode(place))
    } else {
      this.#writeId(place)
    }
    this.#out.u8(parentSub === null ? 0 : 1)
    if (parentSub !== null) this.#out.bytes32(new TextEncoder().encode(parentSub))
  }

  #writeText(text: string): void {
    const out = this.#out
    out.u32(2 * text.length)
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      out.u16((unit & 0xf800) === 0xd800 && !isPaired(text, i, unit) ? REPLACEMENT : unit)
    }
  }
}

/** Yjs itself writes half a pair as U+FFFD, or not, by what happens to stand beside it in an update. */
function isPaired(text: string, i: number, unit: number): boolean {
  const other = text.charCodeAt(unit < 0xdc00 ? i + 1 : i - 1)
  return (other & 0xfc00) === (unit < 0xdc00 ? 0xdc00 : 0xd800)
}

function isSameId(a: ID | null, b: ID | null): boolean {
  return a === null || b === null ? a === b : a.client === b.client && a.clock === b.clock
}

function listValues(content: Item['content']): readonly unknown[] {
  return content instanceof ContentAny || content instanceof ContentJSON ? (content.arr as unknown[]) : []
}

function singleValues(content: Item['content']): readonly unknown[] {
  if (content instanceof ContentType) return typeValues(content.type as SharedType)
  if (content instanceof ContentFormat) return [content.key, content.value]
  if (content instanceof ContentEmbed) return [content.embed]
  if (content instanceof ContentBinary) return [content.content]
  if (content instanceof ContentDoc) return [content.doc.guid, content.opts]
  throw new TypeError('a live item has no content of this kind')
}

/** A type's number and, where it has one, its name: all that Yjs writes of it. */
function typeValues(type: SharedType): readonly unknown[] {
  const values: unknown[] = []
  const recorder = {
    writeTypeRef: (ref: number) => void values.push(ref),
    writeKey: (key: string) => void values.push(key),
  }
  type._write(recorder as unknown as Parameters<SharedType['_write']>[0])
  return values
}

function encodeAny(values: readonly unknown[]): Uint8Array {
  const encoder = encoding.createEncoder()
  for (const value of values) encoding.writeAny(encoder, value as Parameters<typeof encoding.writeAny>[1])
  return encoding.toUint8Array(encoder)
}
