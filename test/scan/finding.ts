/**
 * What a scanner has found, as the table and the JSON have it.
 *
 * @module
 */

/** `note`: worth a line, and nothing to mend. */
export type Verdict = 'ok' | 'note' | 'bad'

export interface Finding {
  readonly scanner: string
  readonly verdict: Verdict
  readonly subject: string
  readonly text: string
}

/** One line each. */
export function findingsToTable(findings: readonly Finding[]): string {
  const width = (of: (finding: Finding) => string): number => Math.max(...findings.map((finding) => of(finding).length))
  const scanners = width(({ scanner }) => scanner)
  const subjects = width(({ subject }) => subject)
  return findings
    .map(({ scanner, verdict, subject, text }) =>
      [verdict.padEnd(4), scanner.padEnd(scanners), subject.padEnd(subjects), text].join('  '),
    )
    .join('\n')
}
