/**
 * What the records of a document say: under which keys its entries may stand, whose they may be, and what the tables beside the log must
 * hold. In `shared-key` mode that is little, since devices make themselves known under the room's key.
 *
 * @module
 */
import type { Bytes, Envelope } from '@y-sealed/protocol'

import type { DerivedRows } from '../store/sqlite/audit-reader.ts'
import type { FaultCode } from './fault.ts'

/** A fault whose place is known to whoever asked. */
export interface Blemish {
  readonly code: FaultCode
  readonly detail: string
}

export interface Authority {
  /** Of an epoch that some record so far has opened, 32 bytes. */
  commitmentOf(epoch: number): Bytes | null
  /** Takes the next record behind the genesis. */
  takeRecord(envelope: Envelope, seq: number): Blemish | null
  /** May this entry, which is no record, stand at this place? [KM18] */
  findTrespass(envelope: Envelope, seq: number): Blemish | null
  /** Key of an entry's author at this place, 32 bytes; `null` where it cannot be known without the document's key. */
  signPublicOf(envelope: Pick<Envelope, 'device'>, seq: number): Bytes | null
  compareTables(rows: DerivedRows): readonly Blemish[]
}

/** `null` when rows and records agree, else how many of them do not. */
export function countDifferences(held: readonly string[], expected: readonly string[]): string | null {
  const [heldSet, expectedSet] = [new Set(held), new Set(expected)]
  const foreign = [...heldSet].filter((row) => !expectedSet.has(row)).length
  const missing = [...expectedSet].filter((row) => !heldSet.has(row)).length
  return foreign + missing === 0 ? null : `${foreign} rows that no record made, ${missing} that are missing`
}
