/**
 * What `doctor` finds: each check says in one line how things are, and where something is to be done, what.
 *
 * @module
 */

export interface Finding {
  readonly check: string
  /** `fail`: a relay would not start or not serve; `warn`: it would, and somebody will regret it. */
  readonly verdict: 'ok' | 'warn' | 'fail'
  /** What was found, and what it means. */
  readonly text: string
  /** What to do next; always there unless all is well. */
  readonly advice?: string
}

export function fine(check: string, text: string): Finding {
  return { check, verdict: 'ok', text }
}

export function warn(check: string, text: string, advice: string): Finding {
  return { check, verdict: 'warn', text, advice }
}

export function fail(check: string, text: string, advice: string): Finding {
  return { check, verdict: 'fail', text, advice }
}

/** An error as a finding. Messages of ours say what to do themselves, after a colon. */
export function failFrom(check: string, error: unknown): Finding {
  const message = error instanceof Error ? error.message.replaceAll(/\s+/g, ' ') : 'something failed that is no error'
  const [, text = message, advice = 'mend that and ask again'] = /^(.+?): ([^:]+)$/.exec(message) ?? []
  return fail(check, text, advice)
}

/** Lines for a person. */
export function findingsToText(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length))
  const lines = findings.flatMap(({ check, verdict, text, advice }) => {
    const mark = verdict === 'fail' ? 'FAIL' : verdict
    const head = `${mark.padEnd(4)}  ${check.padEnd(width)}  ${text}`
    return advice === undefined ? [head] : [head, `${' '.repeat(width + 8)}→ ${advice}`]
  })
  const count = (verdict: Finding['verdict']): number =>
    findings.filter((finding) => finding.verdict === verdict).length
  const [fails, warnings] = [count('fail'), count('warn')]
  const verdict =
    fails > 0
      ? `${fails} to mend before a relay can serve like this${warnings > 0 ? `, ${warnings} to think about` : ''}.`
      : warnings > 0
        ? `A relay can serve like this; ${warnings} to think about.`
        : 'All is well.'
  return [...lines, '', verdict].join('\n')
}
