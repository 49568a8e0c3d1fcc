/**
 * What an audit found, as lines for people and as JSON lines for programs.
 *
 * @module
 */
import { bytesToBase64url } from '@y-sealed/protocol'

import type { AuditSummary } from '../audit/audit-database.ts'
import type { DocumentReport } from '../audit/document-audit.ts'
import { EXPLANATIONS, type Fault } from '../audit/fault.ts'

/** `1 entry`, `2 entries`. */
export function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount} ${amount === 1 ? one : many}`
}

/** One line of a document, and one of each of its faults. */
export function documentToText(report: DocumentReport): string {
  const { id, mode, entries, records, checks, unsigned, unchecked, trimmed, snapshots, faults, faultCount } = report
  const parts = [
    count(entries, 'entry', 'entries'),
    count(records, 'record'),
    `${count(checks, 'signature')} checked`,
    ...(unchecked > 0 ? [`authors of ${unchecked} not checked`] : []),
    ...(unsigned > 0 ? [`${unsigned} that count for nobody, since no signature vouches for them`] : []),
    ...(trimmed > 0 ? [`${trimmed} trimmed`] : []),
    ...(snapshots.published > 0 ? [snapshotsToText(snapshots)] : []),
  ]
  const mark = faultCount > 0 ? 'FAULT' : 'ok   '
  const left = faultCount - faults.length
  return [
    `${mark} ${bytesToBase64url(id)}  ${mode}: ${parts.join(', ')}`,
    ...faults.map(faultToText),
    ...(left > 0 ? [`      and ${left} more in this document, which may all come of one damage`] : []),
  ].join('\n')
}

function snapshotsToText({ published, held, attested, disputed }: DocumentReport['snapshots']): string {
  const more = [`${held} held`, `${attested} attested`, ...(disputed > 0 ? [`${disputed} DISPUTED`] : [])]
  return `${count(published, 'snapshot')} published (${more.join(', ')})`
}

/** A fault, what it means, and what to do. */
export function faultToText({ code, seq, detail }: Fault): string {
  const { meaning, advice } = EXPLANATIONS[code]
  return `      ${code}${seq === null ? '' : ` at ${seq}`}: ${meaning} (${detail})\n      → ${advice}`
}

/** The end of an audit in words. */
export function summaryToText(summary: AuditSummary, tookMs: number): string {
  const { documents, faultyDocuments, entries, records, tombstones, checks, unsigned, unchecked, faults } = summary
  const rate = tookMs > 0 ? ` (${Math.round((entries / tookMs) * 1000)} entries a second)` : ''
  const lines = [
    '',
    `${count(documents, 'document')}, ${count(entries, 'entry', 'entries')}, ${count(records, 'record')}, ` +
      `${count(tombstones, 'deleted document')}; ${count(checks, 'signature')} checked in ${(tookMs / 1000).toFixed(1)} s${rate}.`,
  ]
  if (unchecked > 0) {
    lines.push(
      `Not checked: who wrote ${count(unchecked, 'entry', 'entries')}. In shared-key mode devices make themselves known under the ` +
        'room’s key, which an audit has not; and --quick leaves updates out. That nothing was altered, dropped or reordered since it was logged was checked.',
    )
  }
  if (unsigned > 0) {
    lines.push(
      `${unsigned} entries count for nobody by their authors’ own fault: clients pass over them. That is no damage.`,
    )
  }
  lines.push(
    faults === 0
      ? 'In order.'
      : `NOT in order: ${count(faults, 'fault')} in ${count(faultyDocuments, 'document')}. What each means and what to do stands above.`,
  )
  return lines.join('\n')
}

/** A fault as a JSON line; `document` is `null` for one of the whole database. */
export function faultToJson(document: string | null, fault: Fault): string {
  return JSON.stringify({ type: 'fault', document, ...fault, ...EXPLANATIONS[fault.code] })
}

/** A document as JSON lines: its own, and one of each of its faults. */
export function documentToJson({ id, faults, faultCount, ...counts }: DocumentReport): string {
  const document = bytesToBase64url(id)
  const own = JSON.stringify({ type: 'document', document, ...counts, faults: faultCount })
  return [own, ...faults.map((fault) => faultToJson(document, fault))].join('\n')
}

/** The last JSON line. */
export function summaryToJson(summary: AuditSummary, tookMs: number): string {
  return JSON.stringify({ type: 'summary', ...summary, tookMs: Math.round(tookMs) })
}
