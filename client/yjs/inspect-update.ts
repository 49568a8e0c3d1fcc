/**
 * Reads a Yjs V2 update whole, in time and memory that its bytes and `update-limits.ts` bound, into what the rules ask
 * about: who is extended by what, what it leans on, what it deletes. Knows no log. Rule CL3 (a), (b), (g), (h).
 *
 * Not by `Y.decodeUpdateV2`, for three reasons. It lets twenty bytes ask for 2^50 structs. It hides where a client's
 * block ends, and of two blocks of one client `applyUpdateV2` drops the first. And it reads some bytes otherwise than
 * `applyUpdateV2` does (an info byte of 0x8a). The columns are read by Yjs' own decoder.
 *
 * @module
 */
import * as decoding from 'lib0/decoding'
import { UpdateDecoderV2 } from 'yjs'
import { CONTENT, skipContent } from './read-content.ts'
import { UpdateFault } from './update-fault.ts'
import { MAX_STRUCTS, STRUCTS_FLOOR, STRUCTS_PER_BYTE, type UpdateRefusal } from './update-limits.ts'

/** A place in a client's sequence. */
export interface StructId {
  readonly client: number
  readonly clock: number
}

/** An Item or a GC. */
export interface UpdateStruct {
  readonly client: number
  readonly clock: number
  readonly length: number
  readonly origin: StructId | null
  readonly rightOrigin: StructId | null
  /** `null` also for a root type, and where it is inherited from a neighbour. */
  readonly parent: StructId | null
  /** The name of the root type that is its parent, if one is named. */
  readonly root: string | null
  /** The key in its parent, if one is named. */
  readonly key: string | null
  readonly isGc: boolean
  readonly isType: boolean
  /** Its content is gone already. */
  readonly isDeleted: boolean
}

/** All structs of one client: contiguous, and at least one. */
export interface UpdateBlock {
  readonly client: number
  /** Its first clock. */
  readonly start: number
  /** The clock after its last. */
  readonly end: number
  readonly structs: readonly UpdateStruct[]
}

/** Clocks of one client that are deleted. */
export interface DeleteRange {
  readonly client: number
  readonly clock: number
  readonly length: number
}

/** What an update does, without its content. */
export interface UpdateSummary {
  readonly blocks: readonly UpdateBlock[]
  readonly deletes: readonly DeleteRange[]
  /** How many shared types it makes. */
  readonly types: number
}

/** A summary, or why there is none. */
export type Inspection =
  | { readonly ok: true; readonly summary: UpdateSummary }
  | { readonly ok: false; readonly code: UpdateRefusal }

const CONTENT_BITS = 0x1f
const SKIP = 10
const HAS_ORIGIN = 0x80
const HAS_RIGHT_ORIGIN = 0x40
const HAS_PARENT_SUB = 0x20

/** Reads `update` whole. Never throws. [CL3] */
export function inspectUpdate(update: Uint8Array): Inspection {
  try {
    return { ok: true, summary: readUpdate(update) }
  } catch (error) {
    return { ok: false, code: error instanceof UpdateFault ? error.code : 'undecodable' }
  }
}

function readUpdate(update: Uint8Array): UpdateSummary {
  const rest = decoding.createDecoder(update)
  // The first byte is a flag for features of a later Yjs.
  if (update[0] !== 0) throw new UpdateFault('undecodable')
  const decoder = new UpdateDecoderV2(rest)
  const { blocks, types } = readBlocks(decoder, Math.min(MAX_STRUCTS, STRUCTS_FLOOR + STRUCTS_PER_BYTE * update.length))
  const deletes = readDeletes(decoder)
  if (decoding.hasContent(rest) || !isSpent(decoder)) throw new UpdateFault('undecodable')
  return { blocks, deletes, types }
}

/** What a block claims is judged before any of its structs is made. */
function readBlocks(decoder: UpdateDecoderV2, maxStructs: number): Pick<UpdateSummary, 'blocks' | 'types'> {
  const rest = decoder.restDecoder
  const count = decoding.readVarUint(rest)
  const blocks: UpdateBlock[] = []
  const clients = new Set<number>()
  let structsLeft = maxStructs
  let types = 0
  for (let i = 0; i < count; i++) {
    const length = decoding.readVarUint(rest)
    structsLeft -= length
    if (structsLeft < 0) throw new UpdateFault('too-many')
    if (length === 0) throw new UpdateFault('undecodable')
    const client = decoder.readClient()
    if (clients.has(client)) throw new UpdateFault('repeated')
    clients.add(client)
    const start = decoding.readVarUint(rest)
    const structs: UpdateStruct[] = []
    let clock = start
    for (let j = 0; j < length; j++) {
      const struct = readStruct(decoder, client, clock)
      if (struct.length < 1) throw new UpdateFault('length')
      if (struct.isType) types++
      clock += struct.length
      if (!Number.isSafeInteger(clock)) throw new UpdateFault('growth')
      structs.push(struct)
    }
    blocks.push({ client, start, end: clock, structs })
  }
  return { blocks, types }
}

/** As `readClientsStructRefs` of Yjs reads it. */
function readStruct(decoder: UpdateDecoderV2, client: number, clock: number): UpdateStruct {
  const info = decoder.readInfo()
  const content = info & CONTENT_BITS
  if (content === SKIP) throw new UpdateFault('skip')
  if (content === 0) {
    const length = decoder.readLen()
    return {
      client,
      clock,
      length,
      origin: null,
      rightOrigin: null,
      parent: null,
      root: null,
      key: null,
      isGc: true,
      isType: false,
      isDeleted: true,
    }
  }
  const origin = (info & HAS_ORIGIN) === 0 ? null : decoder.readLeftID()
  const rightOrigin = (info & HAS_RIGHT_ORIGIN) === 0 ? null : decoder.readRightID()
  let parent: StructId | null = null
  let root: string | null = null
  let key: string | null = null
  if (origin === null && rightOrigin === null) {
    if (decoder.readParentInfo()) root = decoder.readString()
    else parent = decoder.readLeftID()
    if ((info & HAS_PARENT_SUB) !== 0) key = decoder.readString()
  }
  const length = skipContent(decoder, content)
  const isType = content === CONTENT.type
  const isDeleted = content === CONTENT.deleted
  return { client, clock, length, origin, rightOrigin, parent, root, key, isGc: false, isType, isDeleted }
}

function readDeletes(decoder: UpdateDecoderV2): DeleteRange[] {
  const rest = decoder.restDecoder
  const clients = decoding.readVarUint(rest)
  const deletes: DeleteRange[] = []
  const seen = new Set<number>()
  // Each turn of either loop takes a byte at least.
  for (let i = 0; i < clients; i++) {
    decoder.resetDsCurVal()
    const client = decoding.readVarUint(rest)
    // Yjs would write them again as one block with ranges out of order, which reads as other ranges.
    if (seen.has(client)) throw new UpdateFault('repeated')
    seen.add(client)
    const count = decoding.readVarUint(rest)
    for (let j = 0; j < count; j++) {
      const clock = decoder.readDsClock()
      deletes.push({ client, clock, length: decoder.readDsLen() })
    }
  }
  return deletes
}

/** Whether every column was read to its end and not beyond, where lib0 goes on reading zeros. */
function isSpent(decoder: UpdateDecoderV2): boolean {
  const columns: decoding.Decoder[] = [
    decoder.keyClockDecoder,
    decoder.clientDecoder,
    decoder.leftClockDecoder,
    decoder.rightClockDecoder,
    decoder.infoDecoder,
    decoder.stringDecoder.decoder,
    decoder.parentInfoDecoder,
    decoder.typeRefDecoder,
    decoder.lenDecoder,
  ]
  return columns.every((column) => !decoding.hasContent(column))
}
