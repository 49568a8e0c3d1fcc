/**
 * Vectors on disk: read, compared, and written only when nothing recorded changes or somebody has said that it may.
 *
 * @module
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

import { formatVectors, type VectorFile } from './vector.ts'

function pathOf(name: string): URL {
  return new URL(`${name}.json`, import.meta.url)
}

/** A recorded vector file, or `null`. */
export function readVectors(name: string): VectorFile | null {
  const path = pathOf(name)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as VectorFile) : null
}

export function writeVectors(name: string, file: VectorFile): void {
  writeFileSync(pathOf(name), formatVectors(file))
}

/** Names of recorded vectors that `file` changes or lacks. Vectors that are new are no change. */
export function findChanges(recorded: VectorFile, file: VectorFile): readonly string[] {
  const now = new Map(file.vectors.map((each, i) => [`${each.name}#${i}`, JSON.stringify(each)]))
  return recorded.vectors.flatMap((each, i) =>
    now.get(`${each.name}#${i}`) === JSON.stringify(each) ? [] : [each.name],
  )
}

/** Recorded fingerprints by protocol version. */
export function readFingerprints(): Readonly<Record<string, string>> {
  const path = pathOf('fingerprint')
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>) : {}
}

export function writeFingerprints(fingerprints: Readonly<Record<string, string>>): void {
  writeFileSync(pathOf('fingerprint'), `${JSON.stringify(fingerprints, null, 1)}\n`)
}
