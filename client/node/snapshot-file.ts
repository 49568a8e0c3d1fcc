/**
 * A document's sealed snapshots in one file: bodies `u64 seq ‖ id 32 ‖ envelope`, ascending. It is written anew for each, and holds few.
 *
 * @module
 */
import { concatBytes, HASH_BYTES, Writer, type Bytes } from '@y-sealed/protocol'
import type { StoredSnapshot } from '../stores/document-store.ts'
import { FrameFile } from './frame-file.ts'

const SEQ_BYTES = 8

export class SnapshotFile {
  readonly #file: FrameFile

  constructor(directory: string, document: Bytes) {
    this.#file = new FrameFile(directory, 'snapshots', 'ysealss1', document)
  }

  /** As far as the file is whole. */
  async read(): Promise<readonly StoredSnapshot[]> {
    const snapshots: StoredSnapshot[] = []
    await this.#file.load((body) => {
      if (body.length < SEQ_BYTES + HASH_BYTES) return false
      const seq = Number(new DataView(body.buffer, body.byteOffset).getBigUint64(0))
      const id = body.slice(SEQ_BYTES, SEQ_BYTES + HASH_BYTES)
      snapshots.push({ seq, id, envelope: body.slice(SEQ_BYTES + HASH_BYTES) })
      return true
    })
    return snapshots
  }

  /** Puts these in place of those kept. A crash leaves the ones or the others. */
  async write(snapshots: readonly StoredSnapshot[]): Promise<void> {
    if (snapshots.length === 0) return await this.#file.remove()
    const bodies = snapshots.map(({ seq, id, envelope }) =>
      concatBytes(new Writer(SEQ_BYTES).u64(seq).finish(), id, envelope),
    )
    await this.#file.rewrite(bodies)
  }
}
