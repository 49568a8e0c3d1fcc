/**
 * Entries of one turn and the frames that hold them: built once, shared by everybody who gets them whole. Rule FR8.
 *
 * @module
 */
import { encodeEntries, type Bytes } from '@y-sealed/protocol'

import { LONG_BYTES } from './ports.ts'
import type { Subscription } from './subscription.ts'

/** An entry on its way to the subscribers. */
export interface LiveEntry {
  readonly seq: number
  readonly envelope: Bytes
  /** Who pushed it through this relay; `null` when another relay did. */
  readonly author: Subscription | null
}

/** Contiguous entries, at least one. */
export interface Run {
  readonly entries: readonly LiveEntry[]
  readonly first: number
  readonly last: number
  /** All of them in ENTRIES frames; made on first use, the same array ever after. */
  frames(): readonly Bytes[]
  /** Those from one index to before another in ENTRIES frames, each given in two pieces: the second is cut from {@link Run.frames}. */
  sendPart(from: number, to: number, send: (frame: Bytes, rest?: Bytes) => void): void
}

/** `u8 type ‖ u64 seq`: what stands in ENTRIES before the envelopes. [FR8] */
const HEAD_BYTES = 9

/** What stands in ENTRIES and RECORDS. */
type Placed = Pick<LiveEntry, 'seq' | 'envelope'>

export function createRun(entries: readonly LiveEntry[], pageBytes: number): Run {
  const first = (entries[0] as LiveEntry).seq
  let made: readonly Bytes[] | null = null
  let ends: readonly number[] | null = null
  const frames = (): readonly Bytes[] => (made ??= entriesToFrames(entries, pageBytes))
  return {
    entries,
    first,
    last: first + entries.length - 1,
    frames,
    sendPart(from, to, send) {
      const [whole, ...others] = frames()
      if (whole === undefined || others.length > 0) {
        for (const frame of entriesToFrames(entries.slice(from, to), pageBytes)) send(frame)
        return
      }
      ends ??= endsOf(entries)
      const begin = from === 0 ? HEAD_BYTES : ends[from - 1]
      send(encodeEntries(first + from, []), whole.subarray(begin, ends[to - 1]))
    },
  }
}

/** ENTRIES frames of contiguous entries, each of about a page at most; none for none. */
export function entriesToFrames(entries: readonly Placed[], pageBytes: number): readonly Bytes[] {
  return splitPages(entries, pageBytes).map((page) => {
    const envelopes = page.map((entry) => entry.envelope)
    return encodeEntries((page[0] as Placed).seq, envelopes)
  })
}

/**
 * Sends contiguous entries that were read from the log, in ENTRIES frames of about a page at most. A long envelope leaves as it was read, in a
 * frame of its own: whoever asks for page after page would else have each copied, and memory outside the heap makes for full collections, during
 * which everybody waits: ten abusers brought one about every second, and without the copies a third of that. [FR7] [H9]
 */
export function sendEntries(
  entries: readonly Placed[],
  pageBytes: number,
  send: (frame: Bytes, rest?: Bytes) => void,
): void {
  let from = 0
  const sendShort = (to: number): void => {
    for (const frame of entriesToFrames(entries.slice(from, to), pageBytes)) send(frame)
  }
  for (const [i, { seq, envelope }] of entries.entries()) {
    if (envelope.length < LONG_BYTES) continue
    sendShort(i)
    send(encodeEntries(seq, []), envelope)
    from = i + 1
  }
  sendShort(entries.length)
}

/** Where each entry ends in a frame that begins with the first. */
function endsOf(entries: readonly Placed[]): readonly number[] {
  let end = HEAD_BYTES
  return entries.map(({ envelope }) => (end += envelope.length))
}

/** Cuts a list into pages of at most `pageBytes` of envelopes each, one envelope at least. */
export function splitPages<Entry extends Placed>(
  entries: readonly Entry[],
  pageBytes: number,
): readonly (readonly Entry[])[] {
  const pages: (readonly Entry[])[] = []
  let from = 0
  let bytes = 0
  for (let i = 0; i < entries.length; i++) {
    const size = (entries[i] as Entry).envelope.length
    if (i > from && bytes + size > pageBytes) {
      pages.push(entries.slice(from, i))
      from = i
      bytes = 0
    }
    bytes += size
  }
  if (from < entries.length) pages.push(from === 0 ? entries : entries.slice(from))
  return pages
}
