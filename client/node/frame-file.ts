/**
 * A file to which frames are only added: `label 8 ‖ document 16` and then, for each frame, `u32 length of the body ‖ first 8 bytes of SHA-256
 * over label, document and body ‖ body`. So a crash can spoil nothing but the last frames, and spoiled ones are known.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { copyFile, open, readFile, rename, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import {
  bytesToHex,
  concatBytes,
  encodeUtf8,
  equalBytes,
  isZero,
  SyncError,
  toBytes,
  type Bytes,
} from '@y-sealed/protocol'
import { hasErrnoCode } from './errno.ts'
import { syncDirectory } from './sync-directory.ts'

const LENGTH_BYTES = 4
const CHECK_BYTES = 8
const FRAME_BYTES = LENGTH_BYTES + CHECK_BYTES

/** Takes a body that stands at `offset` of the file, or says that it does not belong there. */
export type TakeBody = (body: Bytes, offset: number) => boolean

export class FrameFile {
  readonly #directory: string
  readonly #path: string
  readonly #start: Bytes
  /** Bytes of the file that are whole; 0 for a file that is to be made. */
  #size = 0

  /** The file `<document in hex>.<ending>` in `directory`; `label` says what its frames are, in 8 characters. */
  constructor(directory: string, ending: string, label: string, document: Bytes) {
    this.#directory = directory
    this.#path = join(directory, `${bytesToHex(document)}.${ending}`)
    this.#start = concatBytes(encodeUtf8(label) as Bytes, document)
  }

  /** Bytes of the file, as far as it is whole. */
  get size(): number {
    return this.#size
  }

  /**
   * Reads the file from its start, as far as it is whole and `take` takes it; the rest is cut off, and unless a crash alone explains it the
   * file as it was is kept beside it, as `….damaged`. To be called first, and again after anything else has failed.
   */
  async load(take: TakeBody): Promise<void> {
    this.#size = 0
    let file: Bytes
    try {
      file = toBytes(await readFile(this.#path))
    } catch (error) {
      if (hasErrnoCode(error, 'ENOENT')) return
      throw error
    }
    const size = this.#scan(file, take)
    if (!isTornTail(file, size, this.#start.length)) await copyFile(this.#path, `${this.#path}.damaged`)
    if (size < file.length) await cutFile(this.#path, size)
    this.#size = size
  }

  /**
   * Adds frames; gives the offsets of their bodies. Resolves when they would survive a power cut, or with `sync` false a crash of the process.
   * Throws `STORAGE_FULL`, and as the platform does.
   */
  async append(
    bodies: readonly Bytes[],
    { sync = true }: { readonly sync?: boolean } = {},
  ): Promise<readonly number[]> {
    const isNew = this.#size === 0
    const at = isNew ? this.#start.length : this.#size
    const frames = concatBytes(...(isNew ? [this.#start] : []), ...this.#frame(bodies))
    try {
      const file = await open(this.#path, 'a', 0o600)
      try {
        await file.appendFile(frames)
        if (sync) await file.datasync()
      } finally {
        await file.close()
      }
      if (isNew && sync) await syncDirectory(this.#directory)
    } catch (error) {
      // What may or may not have reached the disk must not be taken for kept afterwards.
      await cutFile(this.#path, this.#size).catch(() => undefined)
      throw toStorageError(error)
    }
    this.#size = (isNew ? 0 : at) + frames.length
    return offsetsOf(bodies, at)
  }

  /** Puts a file with these frames alone in its place: a crash leaves the one or the other. Gives the offsets of the bodies. */
  async rewrite(bodies: readonly Bytes[]): Promise<readonly number[]> {
    const fresh = `${this.#path}.new`
    const content = concatBytes(this.#start, ...this.#frame(bodies))
    try {
      const file = await open(fresh, 'w', 0o600)
      try {
        await file.writeFile(content)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(fresh, this.#path)
      await syncDirectory(this.#directory)
    } catch (error) {
      await rm(fresh, { force: true }).catch(() => undefined)
      throw toStorageError(error)
    }
    this.#size = content.length
    return offsetsOf(bodies, this.#start.length)
  }

  /** Takes all frames out. Needs no room and waits for no disk: a power cut may undo it. */
  async empty(): Promise<void> {
    if (this.#size === 0) return
    await truncate(this.#path, this.#start.length)
    this.#size = this.#start.length
  }

  /** Removes the file, and what was kept of it when it was damaged. */
  async remove(): Promise<void> {
    this.#size = 0
    await rm(this.#path, { force: true })
    await rm(`${this.#path}.damaged`, { force: true })
    await syncDirectory(this.#directory)
  }

  /** `length` bytes of the file from `offset` on. */
  async readPart(offset: number, length: number): Promise<Bytes> {
    const file = await open(this.#path, 'r')
    try {
      const bytes = new Uint8Array(length)
      const { bytesRead } = await file.read(bytes, 0, length, offset)
      if (bytesRead < length) throw new SyncError('STORAGE_UNAVAILABLE', 'a file was changed by somebody else')
      return bytes
    } finally {
      await file.close()
    }
  }

  /** How far the file is whole. */
  #scan(file: Bytes, take: TakeBody): number {
    let at = this.#start.length
    if (!equalBytes(file.subarray(0, at), this.#start)) return 0
    for (let length = 0; at < file.length; at += FRAME_BYTES + length) {
      length = readU32(file, at)
      const offset = at + FRAME_BYTES
      const body = file.subarray(offset, offset + length)
      // A frame that ends beyond the file's end was not written to its end.
      if (length === 0 || body.length < length) break
      if (!equalBytes(file.subarray(at + LENGTH_BYTES, offset), this.#check(body))) break
      if (!take(body, offset)) break
    }
    return at
  }

  #frame(bodies: readonly Bytes[]): Bytes[] {
    return bodies.flatMap((body) => [u32(body.length), this.#check(body), body])
  }

  #check(body: Bytes): Bytes {
    const digest = createHash('sha256').update(this.#start).update(body).digest()
    return new Uint8Array(digest.subarray(0, CHECK_BYTES))
  }
}

function offsetsOf(bodies: readonly Bytes[], at: number): readonly number[] {
  let next = at
  return bodies.map(({ length }) => {
    const offset = next + FRAME_BYTES
    next = offset + length
    return offset
  })
}

/** What a crash leaves after `size`: nothing, a start or a frame that is cut short, or room that was never filled. */
function isTornTail(file: Bytes, size: number, startBytes: number): boolean {
  if (size === 0) return file.length < startBytes || isZero(file)
  if (size + FRAME_BYTES > file.length || size + FRAME_BYTES + readU32(file, size) > file.length) return true
  return isZero(file.subarray(size))
}

async function cutFile(path: string, size: number): Promise<void> {
  const { size: found } = await stat(path)
  if (found <= size) return
  const file = await open(path, 'r+')
  try {
    await file.truncate(size)
    await file.datasync()
  } finally {
    await file.close()
  }
}

function toStorageError(error: unknown): unknown {
  if (!hasErrnoCode(error, 'ENOSPC', 'EDQUOT', 'EFBIG')) return error
  return new SyncError('STORAGE_FULL', 'there is no room left on this disk', { cause: error })
}

function u32(value: number): Bytes {
  const bytes = new Uint8Array(LENGTH_BYTES)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

/** The number at `at`, or 0 where the file ends before it does. */
function readU32(file: Bytes, at: number): number {
  if (at + LENGTH_BYTES > file.length) return 0
  return new DataView(file.buffer, file.byteOffset).getUint32(at)
}
