/**
 * Units for the store's tests: a writer that chains its entries as an honest device does, over envelopes that are random
 * bytes, for the store reads none of them.
 *
 * @module
 */
import { type Bytes, concatBytes, extendByMark, startTranscript } from '@y-sealed/protocol'
import { createHash, randomBytes } from 'node:crypto'

import type { AppendUnit, Creation, Head, NewEntry, RecordEffect, Role, Store } from '../../server/core/ports.ts'

export const KIND_UPDATE = 1
export const KIND_RECORD = 4

export function random(size: number): Bytes {
  return new Uint8Array(randomBytes(size))
}

export function sha512(data: Bytes): Bytes {
  return new Uint8Array(createHash('sha512').update(data).digest())
}

export interface UnitOptions {
  readonly count?: number
  readonly size?: number
  readonly needs?: Role
  readonly group?: boolean
  readonly record?: RecordEffect
  /** Fields of every entry that are to be wrong. */
  readonly entry?: Partial<NewEntry>
}

/** One session of one device on one document. It moves on as soon as a unit is made, whether or not it is stored. */
export class Writer {
  readonly document: Bytes
  readonly device: Bytes
  readonly session: Bytes
  counter = 0
  lastId: Bytes = new Uint8Array(32)
  seen: Head
  epoch = 1

  constructor(document: Bytes, seen: Head, device: Bytes = random(16), session: Bytes = random(8)) {
    this.document = document
    this.seen = seen
    this.device = device
    this.session = session
  }

  unit({ count = 1, size = 120, needs = 'writer', group = false, record, entry }: UnitOptions = {}): AppendUnit {
    const entries = Array.from({ length: count }, () =>
      this.entry(size, record === undefined ? KIND_UPDATE : KIND_RECORD, entry),
    )
    return {
      document: this.document,
      device: this.device,
      session: this.session,
      needs,
      entries: entries as [NewEntry, ...NewEntry[]],
      group,
      ...(record === undefined ? {} : { record }),
    }
  }

  entry(size: number, kind: number, wrong: Partial<NewEntry> = {}): NewEntry {
    const entry = {
      kind,
      epoch: this.epoch,
      counter: this.counter + 1,
      prev: this.lastId.slice(0, 16),
      seenSeq: this.seen.seq,
      seenTranscript: this.seen.transcript.slice(0, 16),
      id: random(32),
      envelope: random(size),
      ...wrong,
    }
    this.counter++
    this.lastId = entry.id
    return entry
  }
}

/** A document that is stored, with its creator. */
export interface TestDocument {
  readonly id: Bytes
  readonly creation: Creation
  readonly genesis: AppendUnit
  readonly creator: Writer
}

/** A genesis unit that nobody has pushed yet. */
export function makeGenesis(mode: 'members' | 'shared-key' = 'members', writers: readonly Bytes[] = []): TestDocument {
  const genesisHash = random(32)
  const id = genesisHash.slice(0, 16)
  const creator = new Writer(id, { seq: 0, transcript: startTranscript(sha512, genesisHash) })
  const creation: Creation = {
    genesisHash,
    mode,
    commitment: random(32),
    roles:
      mode === 'members'
        ? [{ device: creator.device, role: 'admin' }, ...writers.map((device) => ({ device, role: 'writer' }) as const)]
        : [],
    ...(mode === 'shared-key' ? { roomKey: random(32) } : {}),
  }
  const genesis: AppendUnit = { ...creator.unit({ entry: { kind: KIND_RECORD }, needs: 'admin' }), creation }
  return { id, creation, genesis, creator }
}

/** Stores a fresh document; its creator has seen the genesis. */
export async function createTestDocument(
  store: Store,
  mode: 'members' | 'shared-key' = 'members',
  writers: readonly Bytes[] = [],
): Promise<TestDocument> {
  const made = makeGenesis(mode, writers)
  const [result] = await store.append([made.genesis])
  if (result?.status !== 'stored') throw new Error(`the genesis was not stored: ${result?.status}`)
  made.creator.seen = result.head
  return made
}

/** T after the entries of these marks, from T_0 of the document. */
export function transcriptOf(genesisHash: Bytes, marks: readonly Bytes[]): Bytes {
  return marks.reduce(
    (transcript, mark) => extendByMark(sha512, transcript, mark),
    startTranscript(sha512, genesisHash),
  )
}

/** id ‖ signature of an entry. */
export function markOf({ id, envelope }: { readonly id: Bytes; readonly envelope: Bytes }): Bytes {
  return concatBytes(id, envelope.subarray(envelope.length - 64))
}
