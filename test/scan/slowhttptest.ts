/**
 * slowhttptest: slow headers, slow bodies, ranges; and somebody who asks an honest question all the while. Slow reading is left out: the
 * relay's answers are too small to be read slowly. Row H13.
 *
 * @module
 */
import { request } from 'node:https'

import type { Finding } from './finding.ts'
import { runScanner } from './scanner.ts'

/** Longer than the relay lets anybody take for a request. */
const LENGTH_S = 15
const PROBE_MS = 250

const ATTACKS = [
  { name: 'slow headers', path: '/sync', args: ['-H', '-c', '300'] },
  { name: 'slow bodies', path: '/token', args: ['-B', '-c', '200', '-f', 'application/json', '-s', '4096'] },
  { name: 'ranges', path: '/sync', args: ['-R', '-c', '50'] },
] as const

export async function scanWithSlowhttptest(origin: string, ca: string | undefined): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const { name, path, args } of ATTACKS) {
    const probe = startProbe(origin, ca)
    const pace = ['-r', '100', '-i', '2', '-x', '20', '-p', '3', '-l', String(LENGTH_S)]
    const url = `${origin}${path}`
    const { output, isCutShort } = await runScanner(
      'slowhttptest',
      [...args, ...pace, '-u', url],
      (LENGTH_S + 30) * 1000,
    )
    const { asked, failed, worstMs } = probe.stop()
    findings.push(
      {
        scanner: 'slowhttptest',
        verdict: !isCutShort && isAllClosed(output) ? 'ok' : 'bad',
        subject: name,
        text: describeEnd(output),
      },
      {
        scanner: 'slowhttptest',
        verdict: failed === 0 && asked > 0 ? 'ok' : 'bad',
        subject: `${name}: honest requests`,
        text: `${asked} answered, ${failed} not, the slowest after ${worstMs.toFixed(0)} ms`,
      },
    )
  }
  return findings
}

interface Probe {
  stop(): { readonly asked: number; readonly failed: number; readonly worstMs: number }
}

/** Asks `/sync` without an upgrade again and again, on connections of its own: 426 is the right answer. */
function startProbe(origin: string, ca: string | undefined): Probe {
  let asked = 0
  let failed = 0
  let worstMs = 0
  const timer = setInterval(() => {
    const startedAt = performance.now()
    const asking = request(`${origin}/sync`, { ca, agent: false, timeout: 3_000 }, (response) => {
      response.resume()
      asked++
      if (response.statusCode !== 426) failed++
      worstMs = Math.max(worstMs, performance.now() - startedAt)
    })
    asking.on('timeout', () => asking.destroy(new Error('no answer')))
    asking.on('error', () => failed++)
    asking.end()
  }, PROBE_MS)
  return {
    stop() {
      clearInterval(timer)
      return { asked, failed, worstMs }
    },
  }
}

const STRIPPED = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*[A-Za-z]`, 'g')

/** It ends early when the relay has closed them all; its figures before that are up to five seconds old. */
function isAllClosed(output: string): boolean {
  const plain = output.replaceAll(STRIPPED, '')
  const isServed = [...plain.matchAll(/^service available:\s+(\S+)/gm)].every(([, answer]) => answer === 'YES')
  return isServed && plain.includes('No open connections left')
}

function describeEnd(output: string): string {
  const plain = output.replaceAll(STRIPPED, '')
  const ended = /Test ended on \d+th second/.exec(plain)?.[0] ?? 'no end'
  const status = /Exit status:\s*(.*)/.exec(plain)?.[1] ?? 'no status'
  return `${ended}: ${status}`
}
