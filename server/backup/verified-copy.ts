/**
 * A copy of a database that was looked at: SQLite's own check of every page, and the audit without the signatures of updates, which cost the
 * most and say nothing about the copying.
 *
 * @module
 */
import { statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

import { auditDatabase, type AuditSummary } from '../audit/audit-database.ts'
import { EXPLANATIONS, type Fault } from '../audit/fault.ts'
import { SettingsError } from '../ops/settings-error.ts'
import { copyDatabase, finishCopy } from '../store/sqlite/copy-database.ts'
import { StoreError } from '../store/store-error.ts'

export interface VerifiedCopy {
  readonly bytes: number
  readonly summary: AuditSummary
  /** The first that was found, where faults are accepted. */
  readonly fault: Fault | null
}

export interface CopyRequest {
  readonly from: string
  /** An empty file. */
  readonly to: string
  /** Go on with a copy in which the audit finds faults. One that SQLite finds damaged is never accepted. */
  readonly acceptsFaults: boolean
  readonly onCopied?: (done: number, all: number) => void
  readonly onAudited?: (done: number, all: number) => void
}

/** Room beside the copy itself that a disk must have. */
const SPARE_BYTES = 1 << 20

/** Copies and looks. Rejects with `StoreError`, and with {@link FaultyDatabaseError} for what may not be kept. */
export async function makeVerifiedCopy(request: CopyRequest): Promise<VerifiedCopy> {
  const { from, to, acceptsFaults, onCopied, onAudited } = request
  checkRoom(from, to)
  const faults: Fault[] = []
  const { bytes, summary } = await explainFrom(from, async () => ({
    bytes: await copyOrExplain(request, onCopied),
    summary: await finishAndAudit(to, faults, onAudited),
  }))
  const fault = faults.find(({ code }) => code === 'DATABASE_DAMAGED') ?? faults[0] ?? null
  if (fault !== null && (!acceptsFaults || fault.code === 'DATABASE_DAMAGED'))
    throw new FaultyDatabaseError(from, fault)
  return { bytes, summary, fault }
}

async function finishAndAudit(
  to: string,
  faults: Fault[],
  onProgress: CopyRequest['onAudited'],
): Promise<AuditSummary> {
  finishCopy(to)
  return auditDatabase({
    path: to,
    isQuick: true,
    onDatabaseFault: (fault) => faults.push(fault),
    onDocument: (report) => void (faults.length === 0 && faults.push(...report.faults)),
    ...(onProgress !== undefined && { onProgress }),
  })
}

/** The copy is not kept. The message says what was found and what to do. */
export class FaultyDatabaseError extends Error {
  override readonly name = 'FaultyDatabaseError'
  readonly code = 'AUDIT_FAULT'

  constructor(path: string, { code, seq, detail }: Fault) {
    const place = seq === null ? '' : ` at entry ${seq}`
    const hint =
      code === 'DATABASE_DAMAGED'
        ? 'keep copies of the files relay.db*, and look for a backup that is in order'
        : 'see all of it with "y-sealed-relay audit --db"; --accept-faults goes on all the same, where there is nothing better'
    super(
      `${path} is not in order, nothing was kept: ${code}${place}: ${EXPLANATIONS[code].meaning} (${detail}); ${hint}`,
    )
  }
}

function checkRoom(from: string, to: string): void {
  const { bavail, bsize } = statfsSync(dirname(to))
  const needed = statSync(from).size + SPARE_BYTES
  if (bavail * bsize < needed) throw fullError(to, needed)
}

function fullError(to: string, needed: number | null): SettingsError {
  const size = needed === null ? '' : ` for ${Math.ceil(needed / 1_048_576)} MiB`
  return new SettingsError(
    `there is no room${size} in ${dirname(to)}, nothing was kept: make room, or choose another disk`,
  )
}

/** Names the file in what SQLite says of it. */
async function explainFrom<Result>(from: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof StoreError) || error.message.includes(from)) throw error
    throw new StoreError(error.code, `${from} cannot be taken, nothing was kept: ${error.message}`, error)
  }
}

async function copyOrExplain({ from, to }: CopyRequest, onProgress: CopyRequest['onCopied']): Promise<number> {
  try {
    return await copyDatabase({ from, to, ...(onProgress !== undefined && { onProgress }) })
  } catch (error) {
    if (error instanceof StoreError && error.code === 'STORE_FULL') throw fullError(to, null)
    if (error instanceof StoreError && error.code === 'STORE_IO') {
      throw new StoreError('STORE_IO', `${from} could not be read, or ${to} not be written; nothing was kept`, error)
    }
    throw error
  }
}
