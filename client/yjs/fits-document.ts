/**
 * Whether a Doc holds all that an update leans on, so that nothing of it would wait inside Yjs. Rule CL14.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import { getState, type Doc } from 'yjs'
import { inspectUpdate, type StructId } from './inspect-update.ts'

export function fitsDocument(doc: Doc, update: Bytes): boolean {
  const inspection = inspectUpdate(update)
  if (!inspection.ok) return false
  const { blocks, deletes } = inspection.summary
  const endByClient = new Map(blocks.map(({ client, end }) => [client, end]))
  const endOf = (client: number): number => Math.max(getState(doc.store, client), endByClient.get(client) ?? 0)
  const isThere = (id: StructId | null): boolean => id === null || id.clock < endOf(id.client)
  return (
    blocks.every(({ client, start }) => start <= getState(doc.store, client)) &&
    blocks.every(({ structs }) =>
      structs.every(({ origin, rightOrigin, parent }) => [origin, rightOrigin, parent].every(isThere)),
    ) &&
    deletes.every(({ client, clock, length }) => clock + length <= endOf(client))
  )
}
