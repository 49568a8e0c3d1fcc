/**
 * Writes a Yjs V2 update anew with others in place of some of its structs. Clocks and deletes stay as they are. For updates that are known to
 * decode: one's own, or one that was read whole.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import { decodeUpdateV2 } from 'yjs'
import { encodeUpdate, type DecodedStruct } from './encode-update.ts'

/** `replace` gives what stands in a struct's place, together as long; or the struct itself. */
export function rewriteUpdate(update: Bytes, replace: (struct: DecodedStruct) => readonly DecodedStruct[]): Bytes {
  const { structs, ds } = decodeUpdateV2(update)
  const byClient = new Map<number, DecodedStruct[]>()
  for (const struct of structs) {
    const block = byClient.get(struct.id.client)
    if (block) block.push(...replace(struct))
    else byClient.set(struct.id.client, [...replace(struct)])
  }
  return encodeUpdate(byClient, ds.clients)
}
