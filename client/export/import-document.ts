/**
 * Opens an exported document without a relay, by its key or as a device that is a member. Nothing that the device has is changed. Rules
 * EX1–EX5.
 *
 * @module
 */
import { cryptoReady, ExportReader, sodiumSha512, type Bytes, type ExportHeader } from '@y-sealed/protocol'
import { monotonicClock, nextTurn } from '../platform.ts'
import { ImportAssembly, type ImportOptions } from './import-assembly.ts'
import type { ImportedDocument } from './imported-document.ts'

/** A file as whoever has it gives it: whole, or in pieces of any size. */
export type ExportedFile = Bytes | Iterable<Bytes> | AsyncIterable<Bytes>

const SLICE_MS = 12

/**
 * Reads a file. Rejects with `EXPORT_FORMAT`, `EXPORT_VERSION`, `EXPORT_TRUNCATED`, `EXPORT_DAMAGED` for what is no whole exported document of
 * this version; `EXPORT_KEY` for a key with a slip in it, or where one is needed, and `EXPORT_WRONG_KEY` for that of another file.
 */
export async function importDocument(file: ExportedFile, options: ImportOptions = {}): Promise<ImportedDocument> {
  await cryptoReady()
  const reader = new ExportReader(sodiumSha512)
  const assembly = new ImportAssembly(options)
  let slicedAt = monotonicClock()
  for await (const bytes of file instanceof Uint8Array ? [file] : file) {
    for (const part of reader.take(bytes)) {
      await assembly.take(reader.header as ExportHeader, part)
      if (monotonicClock() - slicedAt < SLICE_MS) continue
      await nextTurn()
      slicedAt = monotonicClock()
    }
  }
  reader.finish()
  return assembly.finish()
}
