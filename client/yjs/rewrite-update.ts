/**
 * Writes a Yjs V2 update anew with others in place of some of its structs. Clocks and deletes stay as they are. For updates that are known to
 * decode: one's own, or one that was read whole.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import * as encoding from 'lib0/encoding'
import { decodeUpdateV2, UpdateEncoderV2 } from 'yjs'

/** As Yjs decodes it: an Item, a GC or a Skip. */
export type DecodedStruct = ReturnType<typeof decodeUpdateV2>['structs'][number]

/** `replace` gives what stands in a struct's place, together as long; or the struct itself. */
export function rewriteUpdate(update: Bytes, replace: (struct: DecodedStruct) => readonly DecodedStruct[]): Bytes {
  const { structs, ds } = decodeUpdateV2(update)
  const encoder = new UpdateEncoderV2()
  const rest = encoder.restEncoder
  const byClient = new Map<number, DecodedStruct[]>()
  for (const struct of structs) {
    const block = byClient.get(struct.id.client)
    if (block) block.push(...replace(struct))
    else byClient.set(struct.id.client, [...replace(struct)])
  }
  encoding.writeVarUint(rest, byClient.size)
  for (const [client, block] of byClient) {
    encoding.writeVarUint(rest, block.length)
    encoder.writeClient(client)
    encoding.writeVarUint(rest, (block[0] as DecodedStruct).id.clock)
    for (const struct of block) struct.write(encoder, 0)
  }
  encoding.writeVarUint(rest, ds.clients.size)
  for (const [client, ranges] of ds.clients) {
    encoder.resetDsCurVal()
    encoding.writeVarUint(rest, client)
    encoding.writeVarUint(rest, ranges.length)
    for (const { clock, len } of ranges) {
      encoder.writeDsClock(clock)
      encoder.writeDsLen(len)
    }
  }
  return encoder.toUint8Array() as Bytes
}
