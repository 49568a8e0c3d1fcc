/**
 * The alert rules that we ship: they name what there is, and what they watch for makes it rise. Row J5.
 */
import { cryptoReady } from '@y-sealed/protocol'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'

import { METRICS } from '../../server/ops/metric-catalogue.ts'
import { prometheusNameOf } from '../../server/ops/prometheus.ts'
import { startOperatedRelay, type OperatedRelay } from '../support/operated-relay.ts'
import { findProgram } from '../support/optional-program.ts'
import { createTestDevice, RawClient } from '../support/raw-client.ts'
import { readRepositoryFile, REPOSITORY_ROOT } from '../support/repository.ts'
import { createRoomDocument, TestWriter } from '../support/room-document.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'
import { createTestKey, makeToken } from '../support/tokens.ts'

await cryptoReady()

const RULES = 'server/deploy/alerts.yml'
const promtool = findProgram('promtool', `${RULES} as Prometheus reads it`)

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly severity: string
  readonly summary: string
  readonly action: string
}

/** The file's own narrow form: one rule after the other, one line a member. */
function readRules(text: string): readonly Rule[] {
  const member = (rule: string, name: string): string => new RegExp(`^ +${name}: (.+)$`, 'm').exec(rule)?.[1] ?? ''
  return text
    .split(/^ +- alert: /m)
    .slice(1)
    .map((rule) => ({
      alert: rule.slice(0, rule.indexOf('\n')),
      expr: member(rule, 'expr'),
      severity: /labels: \{ severity: (\w+) \}/.exec(rule)?.[1] ?? '',
      summary: member(rule, 'summary'),
      action: member(rule, 'action'),
    }))
}

const rules = readRules(readRepositoryFile(RULES))
const names = new Set(
  Object.entries(METRICS).flatMap(([name, definition]) => {
    const shown = prometheusNameOf(name, definition)
    return definition.kind === 'histogram' ? [`${shown}_bucket`, `${shown}_sum`, `${shown}_count`] : [shown]
  }),
)

describe('[J5] each alert', () => {
  it.each(rules)('$alert names metrics that there are, and says what to do', ({ expr, severity, summary, action }) => {
    const named = expr.match(/\by_sealed_\w+/g) ?? (expr.match(/\bup\{job="y-sealed"\}/) === null ? [] : null)
    expect(named === null || named.length > 0).toBe(true)
    expect((named ?? []).filter((name) => !names.has(name))).toEqual([])
    for (const [, label = '', value = ''] of expr.matchAll(/\{(\w+)=~?"([^"]+)"\}/g)) {
      if (label === 'job') continue
      const definition = Object.values(METRICS).filter((metric) => metric.label?.name === label)
      for (const one of value.split('|')) expect(definition.flatMap(({ label }) => label?.values ?? [])).toContain(one)
    }
    expect(['warning', 'critical']).toContain(severity)
    expect(summary).toMatch(/\.$/)
    expect(action).toMatch(/\.$/)
  })

  it('has a name of its own', () => {
    expect(rules.length).toBeGreaterThan(15)
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
  })

  it.skipIf(promtool === null)('is one to Prometheus, and fires when it should', () => {
    const path = join(REPOSITORY_ROOT, RULES)
    const series = (name: string, values: string): string => `      - { series: '${name}', values: '${values}' }`
    const fires = (time: string, alert: string, labels = ''): string =>
      `      - { eval_time: ${time}, alertname: ${alert}, exp_alerts: [{ exp_labels: { severity: ${labels} } }] }`
    const test = [
      'rule_files:',
      `  - ${path}`,
      'tests:',
      '  - interval: 1m',
      '    input_series:',
      series('y_sealed_appends_failed_total', '0 0 0 1 1'),
      series('y_sealed_certificate_days_left', '20x90'),
      series('y_sealed_tokens_refused_total{reason="signature"}', '0+600x20'),
      '    alert_rule_test:',
      fires('4m', 'YSealedNotStoring', 'critical'),
      '      - { eval_time: 30m, alertname: YSealedCertificateEndsSoon, exp_alerts: [] }',
      fires('10m', 'YSealedForgedTokens', 'warning'),
      '',
    ].join('\n')
    // Annotations are the rules' own matter: the comparison is of labels alone.
    const bare = join(makeTemporaryFolder(), 'rules.yml')
    writeFileSync(bare, readRepositoryFile(RULES).replaceAll(/^ +annotations:\n(?: {10}.+\n)+/gm, ''))
    const file = join(makeTemporaryFolder(), 'test.yml')
    writeFileSync(file, test.replace(path, bare))
    expect(execFileSync(promtool as string, ['check', 'rules', path], { encoding: 'utf8' })).toContain('SUCCESS')
    expect(execFileSync(promtool as string, ['test', 'rules', file], { encoding: 'utf8' })).toContain('SUCCESS')
  })
})

/** A client in its own document, which it has opened. */
async function enter(operated: OperatedRelay) {
  const document = createRoomDocument()
  const client = await operated.client(document.id)
  client.open(document.id)
  await client.nextOf('opened')
  return { client, document, writer: new TestWriter(document, client.device) }
}

function dial({ relay, authority }: OperatedRelay, token: string): RawClient {
  const device = createTestDevice()
  return new RawClient({ url: relay.url, ca: authority.ca, token, device, audience: relay.url })
}

describe('[J4] [J5] what an alert watches for', () => {
  const attacks: readonly [string, string, (operated: OperatedRelay) => Promise<void>][] = [
    [
      'a forged token',
      'y_sealed_tokens_refused_total{reason="key"}',
      async (operated) => {
        const good = operated.token(createRoomDocument().id, createTestDevice())
        const claims = JSON.parse(Buffer.from(good.split('.')[1] ?? '', 'base64url').toString()) as Record<
          string,
          unknown
        >
        await dial(operated, makeToken(createTestKey('x'), claims)).ended
      },
    ],
    [
      'a token that is none',
      'y_sealed_tokens_refused_total{reason="form"}',
      async (operated) => void (await dial(operated, 'no.token.at-all').ended),
    ],
    [
      'a refused upgrade',
      'y_sealed_upgrades_refused_total{status="401"}',
      async (operated) => void (await dial(operated, 'no.token.at-all').ended),
    ],
    [
      'a stolen token',
      'y_sealed_hellos_refused_total',
      async (operated) => {
        const document = createRoomDocument()
        const thief = dial(operated, operated.token(document.id, createTestDevice()))
        await thief.hello()
        await thief.ended
      },
    ],
    [
      'a malformed frame',
      'y_sealed_frames_refused_total',
      async (operated) => {
        const { client } = await enter(operated)
        client.sendBytes(Uint8Array.of(0xff))
        await client.ended
      },
    ],
    [
      'a breach of the WebSocket protocol',
      'y_sealed_websocket_errors_total',
      async (operated) => {
        const { client } = await enter(operated)
        client.sendBytes(new Uint8Array(200_000))
        await client.ended
      },
    ],
    [
      'what one may not do',
      'y_sealed_strikes_total',
      async (operated) => {
        const { client } = await enter(operated)
        const stray = new TestWriter(createRoomDocument(), client.device).genesis()
        client.send({ type: 'push', envelopes: [stray.envelope] })
        await client.nextOf('nack')
      },
    ],
    [
      'more than a socket may',
      'y_sealed_nacks_total{code="RATE"}',
      async (operated) => {
        const { client } = await enter(operated)
        for (let i = 0; i < 17; i++) {
          const { id } = createRoomDocument()
          client.open(id, { token: operated.token(id, client.device) })
        }
        await client.nextOf('nack')
      },
    ],
    [
      'a handshake that is none',
      'y_sealed_tls_errors_total',
      async ({ relay }) => {
        const socket = connect(Number(new URL(relay.url).port), '127.0.0.1', () =>
          socket.write('GET / HTTP/1.1\r\n\r\n'),
        )
        await new Promise<void>((resolve) =>
          socket
            .on('close', () => resolve())
            .on('error', () => {})
            .resume(),
        )
      },
    ],
  ]

  it.each(attacks)('%s makes %s rise', async (_what, name, attack) => {
    const operated = await startOperatedRelay()
    const sumOf = async (): Promise<number> => {
      const { body } = await operated.ask('/metrics')
      const lines = body.split('\n').filter((line) => line.startsWith(name))
      return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
    }
    expect(await sumOf()).toBe(0)
    await attack(operated)
    await vi.waitFor(async () => expect(await sumOf()).toBeGreaterThan(0))
  })
})
