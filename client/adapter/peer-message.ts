/**
 * Messages of y-protocols, as y-websocket and Hocuspocus frame them: kinds, bodies, and whose presence stands in one. Content of edits is not
 * looked at: it is taken from the Y.Doc itself.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import { createDecoder, readVarString, readVarUint } from 'lib0/decoding'
import { createEncoder, toUint8Array, writeVarString, writeVarUint, writeVarUint8Array } from 'lib0/encoding'

export const MESSAGE = { sync: 0, awareness: 1, auth: 2, queryAwareness: 3 } as const
export const SYNC = { step1: 0, step2: 1, update: 2 } as const

/** A Yjs update (V1) without anything in it. */
const EMPTY_UPDATE = Uint8Array.of(0, 0)

/** A sync message with an update that is empty: that it comes is what it says. */
export function encodeEmptySync(kind: typeof SYNC.step2 | typeof SYNC.update): Bytes {
  return encodeMessage([MESSAGE.sync, kind], EMPTY_UPDATE)
}

/** Asks for what the provider has beyond a state vector. */
export function encodeStep1(stateVector: Uint8Array): Bytes {
  return encodeMessage([MESSAGE.sync, SYNC.step1], stateVector)
}

/** An awareness update in its message; without one it says nothing, but that somebody is there. */
export function encodeAwareness(update: Uint8Array = Uint8Array.of(0)): Bytes {
  return encodeMessage([MESSAGE.awareness], update)
}

/** One client's state as others tell it; `null` for one that is gone. */
export interface PresenceEntry {
  readonly client: number
  /** JSON. */
  readonly state: string
}

/** The entries of an awareness update. Throws for what is none. */
export function decodeAwarenessUpdate(update: Uint8Array): readonly PresenceEntry[] {
  const decoder = createDecoder(update)
  return Array.from({ length: readVarUint(decoder) }, () => {
    const client = readVarUint(decoder)
    readVarUint(decoder)
    return { client, state: readVarString(decoder) }
  })
}

/** An awareness update, every entry under one clock. */
export function encodeAwarenessUpdate(entries: readonly PresenceEntry[], clock: number): Bytes {
  const encoder = createEncoder()
  writeVarUint(encoder, entries.length)
  for (const { client, state } of entries) {
    writeVarUint(encoder, client)
    writeVarUint(encoder, clock)
    writeVarString(encoder, state)
  }
  return toUint8Array(encoder)
}

function encodeMessage(kinds: readonly number[], body: Uint8Array): Bytes {
  const encoder = createEncoder()
  for (const kind of kinds) writeVarUint(encoder, kind)
  writeVarUint8Array(encoder, body)
  return toUint8Array(encoder)
}
