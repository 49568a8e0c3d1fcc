/**
 * An Outbox in a directory: one file a document, to which puts and removals are added, and which is emptied when nothing is on its way any
 * more. One process at a time. Rule LO8; rows I2, I8.
 *
 * @module
 */
import { mkdir } from 'node:fs/promises'
import { bytesToHex, concatBytes, equalBytes, Reader, SyncError, Writer, type Bytes } from '@y-sealed/protocol'
import { equivocation, inSendingOrder, type Outbox, type OutboxItem } from '../outbox/outbox.ts'
import { Turns } from '../stores/turns.ts'
import { lockDirectory } from './directory-lock.ts'
import { FrameFile } from './frame-file.ts'

const PUT = 1
const REMOVE = 2
const SESSION_BYTES = 8
/** Type, session and counter. */
const HEAD_BYTES = 17

/** A file with more than this of what is over is written anew. */
const MAX_SPENT_BYTES = 1_048_576

export interface FileOutbox extends Outbox {
  /** Gives the directory up, when everything asked for has ended. Afterwards all is refused with `STORAGE_CLOSED`. */
  close(): Promise<void>
}

/**
 * Items in `directory`, which is made (0700) if need be. A put that a crash cut short is not there; removals of the last moments before a power
 * cut may be undone, and are then sent again, which changes nothing. Throws `STORAGE_IN_USE` while another process, or this one, has the
 * directory open.
 */
export async function openFileOutbox(directory: string): Promise<FileOutbox> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const unlock = await lockDirectory(directory)
  const boxByDocument = new Map<string, ItemFile>()
  let closed = false
  /** Works on a document when what was asked for before is done. */
  const within = <T>(document: Bytes, work: (box: ItemFile) => Promise<T>): Promise<T> => {
    if (closed) return Promise.reject(new SyncError('STORAGE_CLOSED', 'this storage has been closed'))
    const name = bytesToHex(document)
    const box = boxByDocument.get(name) ?? new ItemFile(directory, document.slice())
    boxByDocument.set(name, box)
    return box.turns.take(() => work(box))
  }
  return {
    put: ({ document, session, counter, envelope }) => {
      const copy = { session: session.slice(), counter, envelope: envelope.slice() }
      return within(document, (box) => box.put(copy))
    },
    remove: (document, session, through) => {
      const copy = session.slice()
      return within(document, (box) => box.remove(copy, through))
    },
    list: (document) => within(document, (box) => box.list()),
    close: async () => {
      if (closed) return
      closed = true
      for (const { turns } of boxByDocument.values()) await turns.rest()
      await unlock()
    },
  }
}

type Item = Omit<OutboxItem, 'document'>

class ItemFile {
  readonly turns: Turns = new Turns()
  readonly #document: Bytes
  readonly #file: FrameFile
  /** In the order of their puts; `null` when they are to be read from the file. */
  #items: readonly Item[] | null = null

  constructor(directory: string, document: Bytes) {
    this.#document = document
    this.#file = new FrameFile(directory, 'outbox', 'ysealob1', document)
  }

  async put(item: Item): Promise<void> {
    const items = await this.#load()
    const known = items.find((other) => other.counter === item.counter && equalBytes(other.session, item.session))
    if (known && !equalBytes(known.envelope, item.envelope)) throw equivocation()
    if (known) return
    // Unknown until it is written: after a failure the file is read again.
    this.#items = null
    await this.#file.append([encodePut(item)])
    this.#items = [...items, item]
  }

  async remove(session: Bytes, through: number): Promise<void> {
    const items = await this.#load()
    const rest = without(items, session, through)
    if (rest.length === items.length) return
    this.#items = null
    const live = rest.reduce((bytes, { envelope }) => bytes + envelope.length, 0)
    if (rest.length === 0) await this.#file.empty()
    else if (this.#file.size - live > MAX_SPENT_BYTES + live) await this.#file.rewrite(rest.map(encodePut))
    else await this.#file.append([encodeRemove(session, through)], { sync: false })
    this.#items = rest
  }

  async list(): Promise<readonly OutboxItem[]> {
    const items = await this.#load()
    return inSendingOrder(
      items.map(({ session, counter, envelope }) => ({
        document: this.#document.slice(),
        session: session.slice(),
        counter,
        envelope: envelope.slice(),
      })),
    )
  }

  async #load(): Promise<readonly Item[]> {
    if (this.#items) return this.#items
    let items: Item[] = []
    await this.#file.load((body) => {
      const reader = new Reader(body.slice(0, HEAD_BYTES))
      const [type, session, counter] = [reader.u8(), reader.fixed(SESSION_BYTES), reader.u64()]
      if (body.length < HEAD_BYTES || (type !== PUT && type !== REMOVE)) return false
      if (type === PUT) items.push({ session, counter, envelope: body.slice(HEAD_BYTES) })
      else items = without(items, session, counter)
      return true
    })
    this.#items = items
    return items
  }
}

function without(items: readonly Item[], session: Bytes, through: number): Item[] {
  return items.filter((item) => item.counter > through || !equalBytes(item.session, session))
}

function encodePut({ session, counter, envelope }: Item): Bytes {
  return concatBytes(encodeHead(PUT, session, counter), envelope)
}

function encodeRemove(session: Bytes, through: number): Bytes {
  return encodeHead(REMOVE, session, through)
}

function encodeHead(type: number, session: Bytes, counter: number): Bytes {
  return new Writer(HEAD_BYTES).u8(type).fixed(session, SESSION_BYTES).u64(counter).finish()
}
