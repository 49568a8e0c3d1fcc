/**
 * Names that people give to versions. They stand in a map of the document itself, under a root that no app uses: so they are sealed, shared,
 * merged and kept by snapshots as everything else, and no other place learns them. Rule HI4.
 *
 * @module
 */
import { base64urlToBytes, bytesToBase64url, type Bytes } from '@y-sealed/protocol'
import type * as Y from 'yjs'
import { VERSION_NAMES } from './reserved-root.ts'

/** Characters (UTF-16 units) of a name. */
export const MAX_VERSION_NAME = 200
const MARK_BYTES = 16

/** A name, and what it was given to. */
export interface NamedVersion {
  readonly seq: number
  readonly name: string
  /** First 16 bytes of the transcript there: places are given anew where a log was restarted. */
  readonly mark: Bytes
}

/** What stands in the document; whatever has another form is passed over. */
export function readVersionNames(doc: Y.Doc): readonly NamedVersion[] {
  // To ask for the map would make it.
  if (!doc.share.has(VERSION_NAMES)) return []
  const named: NamedVersion[] = []
  for (const [key, value] of doc.getMap(VERSION_NAMES)) {
    const seq = Number(key)
    const { name, mark: text } =
      ((typeof value === 'object' ? value : null) as { name?: unknown; mark?: unknown }) ?? {}
    const mark = typeof text === 'string' ? base64urlToBytes(text) : null
    if (String(seq) !== key || !Number.isSafeInteger(seq) || seq < 1 || mark?.length !== MARK_BYTES) continue
    if (typeof name === 'string' && name !== '' && name.length <= MAX_VERSION_NAME) named.push({ seq, name, mark })
  }
  return named
}

/** Names a place, or takes its name away: ''. */
export function writeVersionName(doc: Y.Doc, { seq, name, mark }: NamedVersion): void {
  const names = doc.getMap(VERSION_NAMES)
  if (name === '') names.delete(String(seq))
  else names.set(String(seq), { name, mark: bytesToBase64url(mark) })
}
