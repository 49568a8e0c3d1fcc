/**
 * A member whose snapshots are not what the log says: it has the room's key, and obeys no rule but the relay's.
 *
 * @module
 */
import type { DocumentAccess, DocumentStore } from '@y-sealed/client'
import { encodePublication, encodeSnapshot, KIND, type Bytes } from '@y-sealed/protocol'
import type { Seen } from '@y-sealed/protocol/sealing'
import * as Y from 'yjs'

import { digestState } from '../../../client/snapshots/digest-state.ts'
import { rebuildLog, type RebuiltLog } from '../../../client/snapshots/rebuild.ts'
import { Slices } from '../../../client/snapshots/slices.ts'
import type { Intruder } from '../stage.ts'

const CHUNK_BYTES = 57_344

/** The log as an honest device has kept it. */
export interface KnownLog {
  readonly access: DocumentAccess
  readonly store: DocumentStore
  readonly head: Seen
}

/** What the log comes to, honestly. */
export async function rebuildHonestly({ access, store, head }: KnownLog): Promise<RebuiltLog> {
  const read = (fromSeq: number): ReturnType<DocumentStore['read']> => store.read(access.documentId, fromSeq, 65_536)
  const rebuilt = await rebuildLog({ access, base: null, end: head, read, slices: new Slices() })
  if (rebuilt === null) throw new Error('the log is not there')
  return rebuilt
}

/** The same log, with another text: who wrote it is not told apart. */
export function withText(rebuilt: RebuiltLog, text: string): RebuiltLog {
  const doc = new Y.Doc()
  const client = Y.decodeUpdateV2(rebuilt.state).structs[0]!.id.client
  doc.clientID = client
  doc.getText('note').insert(0, text)
  return { ...rebuilt, state: Y.encodeStateAsUpdateV2(doc) as Bytes }
}

export interface Forgery {
  readonly content: RebuiltLog
  /** Of which the digest is put down. */
  readonly said: RebuiltLog
  /** 32 bytes; zeros for none. */
  readonly parentId?: Bytes
}

/** Uploads and publishes it. Gives its id (32 bytes). */
export async function publishForgery(
  { client, writer }: Intruder,
  { content, said, parentId }: Forgery,
): Promise<Bytes> {
  const { id: document, key } = writer.document
  const { seq, context, state } = content
  const seen = { seq, transcript: context.transcript }
  const bytes = encodeSnapshot({ ...context, authoredAt: 1, state })
  const { envelope, id } = writer.session.sealSnapshot(bytes, key, seen)
  const total = envelope.bytes.length
  for (let offset = 0; offset < total; offset += CHUNK_BYTES) {
    const chunk = envelope.bytes.slice(offset, offset + CHUNK_BYTES)
    client.send({ type: 'put-snapshot', document, snapshotId: id, total, offset, bytes: chunk })
    await client.nextOf('snapshot-taken')
  }
  writer.seen = seen
  client.send({ type: 'push', envelopes: [writer.bind(99).envelope] })
  await client.nextOf('ack')
  const contentDigest = (await digestState(document, key, said, new Slices()))!
  const body = encodePublication({
    snapshotId: id,
    seq,
    transcript: context.transcript,
    parentId: parentId ?? new Uint8Array(32),
    snapshotEpoch: key.epoch,
    snapshotBytes: total,
    contentDigest,
  })
  client.send({ type: 'push', envelopes: [writer.session.sealEntry(KIND.publication, body, key, seen).envelope] })
  await client.nextOf('ack')
  return id
}
