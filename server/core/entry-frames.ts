/**
 * Entries of one turn and the frames that hold them: built once, shared by everybody who gets them whole. Rule FR8.
 *
 * @module
 */
import { encodeEntries, type Bytes } from '@y-sealed/protocol'

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
}

/** What stands in ENTRIES and RECORDS. */
type Placed = Pick<LiveEntry, 'seq' | 'envelope'>

export function createRun(entries: readonly LiveEntry[], pageBytes: number): Run {
  const first = (entries[0] as LiveEntry).seq
  let frames: readonly Bytes[] | null = null
  return {
    entries,
    first,
    last: first + entries.length - 1,
    frames: () => (frames ??= entriesToFrames(entries, pageBytes)),
  }
}

/** ENTRIES frames of contiguous entries, each of about a page at most; none for none. */
export function entriesToFrames(entries: readonly Placed[], pageBytes: number): readonly Bytes[] {
  return splitPages(entries, pageBytes).map((page) => {
    const envelopes = page.map((entry) => entry.envelope)
    return encodeEntries((page[0] as Placed).seq, envelopes)
  })
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
