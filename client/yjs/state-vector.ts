/**
 * State vectors as Yjs reads them: how far each client is known. Rule CL5.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import * as encoding from 'lib0/encoding'

/** What `encodeStateAsUpdateV2` and `diffUpdateV2` take as their target. Clients in ascending order. */
export function encodeStateVector(clocks: ReadonlyMap<number, number>): Bytes {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, clocks.size)
  for (const [client, clock] of [...clocks].toSorted(([a], [b]) => a - b)) {
    encoding.writeVarUint(encoder, client)
    encoding.writeVarUint(encoder, clock)
  }
  return encoding.toUint8Array(encoder)
}
