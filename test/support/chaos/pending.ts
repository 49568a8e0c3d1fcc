/**
 * What lies in an outbox, in words: for whoever looks for what keeps it there.
 *
 * @module
 */
import type { DocumentAccess, OutboxItem } from '@y-sealed/client'
import { bytesToHex, readWholeEnvelope, type Bytes } from '@y-sealed/protocol'
import { open } from '@y-sealed/protocol/sealing'
import * as Y from 'yjs'

import { isDraft, openDraft } from '../../../client/drafts/draft.ts'
import { updatesOf } from '../../../client/provider/restore-queue.ts'
import { inspectUpdate, type StructId } from '../../../client/yjs/inspect-update.ts'

export function describeItem(item: OutboxItem, access: DocumentAccess, doc: Y.Doc): string {
  const name = `${bytesToHex(item.session).slice(0, 6)}/${item.counter}`
  const keyOf: DocumentAccess['keyOf'] = (epoch) => access.keyOf(epoch)
  if (isDraft(item)) {
    const draft = openDraft(item, keyOf)
    return draft === null
      ? `draft ${name} that does not open`
      : `draft ${name} ${draft.refusal ?? ''} ${describeUpdate(draft.update, doc)}`
  }
  const envelope = readWholeEnvelope(item.envelope)
  const key = envelope && keyOf(envelope.epoch)
  if (envelope === null || key === null) return `entry ${name} that does not open`
  const content = open(envelope, key)
  const entry = { envelope, content, edits: 1, part: null, restored: true, copies: [] }
  const updates = updatesOf([entry]).map(({ update }) => describeUpdate(update, doc))
  return `entry ${name} kind ${envelope.kind} epoch ${envelope.epoch} of ${access.current?.epoch} ${updates.join()}`
}

/** Whose clocks, and what the document lacks for it. */
function describeUpdate(update: Bytes, doc: Y.Doc): string {
  const inspection = inspectUpdate(update)
  if (!inspection.ok) return inspection.code
  const { blocks, deletes } = inspection.summary
  const stateOf = (client: number): number => Y.getState(doc.store, client)
  const endOf = (client: number): number =>
    Math.max(stateOf(client), ...blocks.filter((block) => block.client === client).map(({ end }) => end))
  const isLacking = (id: StructId | null): boolean => id !== null && id.clock >= endOf(id.client)
  const lacks = [
    ...blocks.flatMap(({ client, start }) =>
      start > stateOf(client) ? [`${client}:${stateOf(client)}-${start}`] : [],
    ),
    ...blocks
      .flatMap(({ structs }) => structs.flatMap(({ origin, rightOrigin, parent }) => [origin, rightOrigin, parent]))
      .flatMap((id) => (id !== null && isLacking(id) ? [`${id.client}:${id.clock} (has ${stateOf(id.client)})`] : [])),
    ...deletes.flatMap(({ client, clock, length }) =>
      clock + length > endOf(client) ? [`deletes ${client}:${clock}+${length} (has ${stateOf(client)})`] : [],
    ),
  ]
  return `${blocks.map(({ client, start, end }) => `${client}:${start}-${end}`).join()} lacks ${[...new Set(lacks)].join()}`
}
