/**
 * Structs and deletes as one Yjs V2 update: the highest client first, as Yjs writes them. Any order is read alike, but `mergeUpdatesV2` loses
 * structs of an update in another one. Rule CL5.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import * as encoding from 'lib0/encoding'
import { UpdateEncoderV2, type decodeUpdateV2 } from 'yjs'

/** As Yjs decodes it: an Item, a GC or a Skip. */
export type DecodedStruct = ReturnType<typeof decodeUpdateV2>['structs'][number]

/** Deleted clocks of one client, ascending. */
export type DeletedClocks = readonly { readonly clock: number; readonly len: number }[]

/** Each client's structs follow each other without a gap, and none has no structs; clients without deletes are left out. */
export function encodeUpdate(
  structsByClient: ReadonlyMap<number, readonly DecodedStruct[]>,
  deletesByClient: ReadonlyMap<number, DeletedClocks>,
): Bytes {
  const encoder = new UpdateEncoderV2()
  const rest = encoder.restEncoder
  encoding.writeVarUint(rest, structsByClient.size)
  for (const [client, structs] of [...structsByClient].toSorted(([one], [other]) => other - one)) {
    encoding.writeVarUint(rest, structs.length)
    encoder.writeClient(client)
    encoding.writeVarUint(rest, (structs[0] as DecodedStruct).id.clock)
    for (const struct of structs) struct.write(encoder, 0)
  }
  const deletes = [...deletesByClient].filter(([, ranges]) => ranges.length > 0)
  encoding.writeVarUint(rest, deletes.length)
  for (const [client, ranges] of deletes) {
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
