/**
 * Large documents at a relay, for rows about what opening them costs it: made of one snapshot.
 *
 * @module
 */
import { extendByMark, RELAY_FRAME, sodiumSha512, type Bytes } from '@y-sealed/protocol'

import { createRoomDocument, TestWriter, type TestDocument } from '../support/room-document.ts'
import {
  piecesOf,
  sealAttestation,
  sealPublication,
  sealSnapshot,
  type TestSnapshot,
} from '../support/snapshot-author.ts'
import { admit, PageReader } from './page-reader.ts'
import type { Workplace } from './workplace.ts'

/** A document with an attested snapshot of so many bytes, its author and somebody else, who vouched for it. */
export interface LargeDocument {
  readonly document: TestDocument
  readonly snapshot: TestSnapshot
  readonly author: PageReader
  readonly writer: TestWriter
  readonly witness: PageReader
}

/** Makes one at the relay on this port. */
export async function makeLargeDocument(workplace: Workplace, port: number, size: number): Promise<LargeDocument> {
  const document = createRoomDocument()
  const enter = (): Promise<PageReader> => PageReader.open(admit(workplace, port, document), workplace.secureContext)
  const author = await enter()
  const writer = new TestWriter(document, author.device)
  await author.ask({ type: 'push', envelopes: [writer.genesis().envelope] }, RELAY_FRAME.ack)
  const at = { seq: 1, transcript: await headOf(author, document) }
  await author.ask({ type: 'push', envelopes: [writer.update().envelope] }, RELAY_FRAME.ack)
  const snapshot = sealSnapshot(document, author.device, at, { size })
  for (const piece of piecesOf(snapshot)) await author.ask(piece, RELAY_FRAME['snapshot-taken'])
  const publication = sealPublication(document, author.device, snapshot.body)
  await author.ask({ type: 'push', envelopes: [publication] }, RELAY_FRAME.ack)
  const witness = await enter()
  const attestation = sealAttestation(document, witness.device, snapshot.body)
  await witness.ask({ type: 'push', envelopes: [attestation] }, RELAY_FRAME.ack)
  return { document, snapshot, author, writer, witness }
}

async function headOf(reader: PageReader, document: TestDocument): Promise<Bytes> {
  const ids = await reader.ask({ type: 'read-ids', document: document.id, after: 0, through: 1 }, RELAY_FRAME.ids)
  if (ids.type !== 'ids') throw new Error('expected marks')
  return extendByMark(sodiumSha512, document.start.transcript, ids.ids)
}
