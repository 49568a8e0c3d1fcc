/**
 * A process that appends to the log in the folder of its first argument until it is killed, and prints the last seq of each append when it has
 * resolved. Entry n holds n in all its bytes but the kind, modulo 251.
 *
 * @module
 */
import { openFileDocumentStore } from '@y-sealed/client/node'
import { KIND, OFFSET } from '@y-sealed/protocol'

const document = new Uint8Array(16).fill(1)
const store = await openFileDocumentStore(process.argv[2] as string)
let { lastSeq } = await store.extent(document)
console.log(lastSeq)
for (;;) {
  const entries = Array.from({ length: 1 + (lastSeq % 7) }, (_, index) => {
    const seq = lastSeq + 1 + index
    const envelope = new Uint8Array(200 + (seq % 5) * 3_000).fill(seq % 251)
    envelope[OFFSET.kind] = KIND.update
    return { seq, envelope }
  })
  const last = entries.at(-1)!.seq
  await store.append(document, entries, {
    seq: last,
    transcript: new Uint8Array(32).fill(last % 251),
    signature: new Uint8Array(64),
  })
  lastSeq = last
  console.log(lastSeq)
}
