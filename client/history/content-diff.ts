/**
 * What came and went between two places of a log, in the order in which it is shown, with who did it. Formatting alone is no change here.
 * Rule HI5.
 *
 * @module
 */
import * as Y from 'yjs'
import { contentsOf, type SharedType, type UnitContent } from './list-units.ts'
import type { PastStretch } from './past-states.ts'
import { isReservedRoot } from './reserved-root.ts'
import { nameOf } from './same-content.ts'

/** A piece of content that has one fate and one author. */
export interface DiffPiece<Who> {
  /** Name of the root type in which it stands, at whatever depth. */
  readonly root: string
  /** `kept`: shown before and after. */
  readonly change: 'added' | 'removed' | 'kept'
  /** Who added or removed it; `null` for what was kept, and where nobody knows. */
  readonly by: Who | null
  /** Characters together; `''` for what is no text. */
  readonly text: string
  /** A value, an embed, or the name of an XML element that begins here; `undefined` for text. */
  readonly value: unknown
}

export interface DiffAuthors<Who> {
  readonly addedBy: (client: number) => Who | null
  readonly removedBy: (client: number, clock: number) => Who | null
}

/** All pieces, root by root. */
export function diffContent<Who>(stretch: PastStretch, authors: DiffAuthors<Who>): readonly DiffPiece<Who>[] {
  const pieces: DiffPiece<Who>[] = []
  for (const [root, type] of stretch.doc.share) {
    if (!isReservedRoot(root)) addType(type as SharedType, { root, stretch, authors, pieces })
  }
  return pieces
}

interface Walk<Who> {
  readonly root: string
  readonly stretch: PastStretch
  readonly authors: DiffAuthors<Who>
  readonly pieces: DiffPiece<Who>[]
}

function addType<Who>(type: SharedType, walk: Walk<Who>): void {
  for (const item of type._map.values()) {
    // Under a key the newest value stands last.
    const values: Y.Item[] = []
    for (let each: Y.Item | null = item; each !== null; each = each.left) values.unshift(each)
    for (const value of values) addItem(value, walk)
  }
  for (let item = type._start; item !== null; item = item.right) addItem(item, walk)
}

function addItem<Who>(item: Y.Item, walk: Walk<Who>): void {
  const { client } = item.id
  let { clock } = item.id
  for (const content of contentsOf(item)) {
    addUnit(client, clock, content, walk)
    clock += content.kind === 'text' ? content.text.length : 1
  }
}

function addUnit<Who>(client: number, clock: number, content: UnitContent, walk: Walk<Who>): void {
  const { stretch, authors, pieces, root } = walk
  const [was, is] = [isShown(stretch.before, client, clock), isShown(stretch.after, client, clock)]
  if (was || is) {
    const change = was && is ? 'kept' : is ? 'added' : 'removed'
    const by = was && is ? null : is ? authors.addedBy(client) : authors.removedBy(client, clock)
    const text = content.kind === 'text' ? content.text : ''
    const last = pieces.at(-1)
    const joins = text !== '' && last?.text && last.root === root && last.change === change && last.by === by
    if (joins) pieces[pieces.length - 1] = { ...last, text: last.text + text }
    else pieces.push({ root, change, by, text, value: valueOf(content) })
  }
  if (content.kind === 'type') addType(content.type, walk)
}

function valueOf(content: UnitContent): unknown {
  if (content.kind === 'text') return undefined
  if (content.kind === 'type') return nameOf(content.type)
  return content.kind === 'document' ? content.doc.guid : content.value
}

function isShown({ sv, ds }: Y.Snapshot, client: number, clock: number): boolean {
  return clock < (sv.get(client) ?? 0) && !Y.isDeleted(ds, Y.createID(client, clock))
}
