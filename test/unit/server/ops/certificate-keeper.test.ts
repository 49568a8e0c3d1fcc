import { describe, expect, it } from 'vitest'

import { createAuthority, createLeaf } from '../../../../server/ops/certificate.ts'
import { createEcKey } from '../../../../server/ops/ec-key.ts'
import { keepCertificate, type CertificateSource } from '../../../../server/ops/certificate-keeper.ts'
import { createMetrics } from '../../../../server/ops/metrics.ts'
import type { TlsIdentity } from '../../../../server/ops/tls-options.ts'
import { createTestClock } from '../../../support/tokens.ts'

const DAY_MS = 86_400_000
const LOOK_MS = 5000

async function createIdentity(nowMs: number): Promise<TlsIdentity> {
  const [authorityKey, key] = [createEcKey(), createEcKey()]
  const cert = await createAuthority(authorityKey, ['localhost'], nowMs)
  return { key, cert: await createLeaf(key, { key: authorityKey, cert }, ['localhost'], nowMs) }
}

async function createKeeper() {
  const clock = createTestClock()
  const events: string[] = []
  const used: TlsIdentity[] = []
  const source = { identity: await createIdentity(clock.now()), state: 'a', loads: 0 }
  const port: CertificateSource = {
    readState: () => source.state,
    load() {
      source.loads++
      return source.identity.cert === 'bad' ? Promise.reject(new Error('no good')) : Promise.resolve(source.identity)
    },
  }
  const write = (event: string): void => void events.push(event)
  const log = { debug: write, info: write, warn: write, error: write }
  const metrics = createMetrics()
  const use = (identity: TlsIdentity): void => void used.push(identity)
  const keeper = keepCertificate({ source: port, current: source.identity, use, clock, log, metrics })
  /** Lets one look pass, and what it began. */
  const look = async (): Promise<void> => {
    clock.advance(LOOK_MS)
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  return { keeper, clock, events, used, source, metrics, look }
}

describe('the keeper of the certificate', () => {
  it('[A12] reads files when they have changed and rested for one look, and not before', async () => {
    const { keeper, source, used, look, clock } = await createKeeper()
    await look()
    expect(source.loads).toBe(0)
    source.identity = await createIdentity(clock.now())
    source.state = 'b'
    await look()
    source.state = 'c'
    await look()
    expect(source.loads).toBe(0)
    await look()
    expect([source.loads, used]).toEqual([1, [source.identity]])
    expect(keeper.current).toBe(source.identity)
    await look()
    expect(source.loads).toBe(1)
  })

  it('[A12] keeps the old one when the new one is no good, says so once, and takes the next', async () => {
    const { keeper, source, used, look, clock, events } = await createKeeper()
    const old = source.identity
    source.identity = { key: 'bad', cert: 'bad' }
    source.state = 'b'
    for (let i = 0; i < 5; i++) await look()
    expect([keeper.current, used, events, source.loads]).toEqual([old, [], ['certificate-refused'], 1])
    source.identity = await createIdentity(clock.now())
    source.state = 'c'
    await look()
    await look()
    expect(keeper.current).toBe(source.identity)
  })

  it('[A12] complains once a day from 21 days before the end, and differently after it', async () => {
    const { keeper, clock, events, metrics } = await createKeeper()
    const pass = (days: number): void => {
      for (let i = 0; i < days; i++) clock.advance(DAY_MS)
    }
    pass(67)
    expect(events).toEqual([])
    pass(3)
    expect(events).toEqual(['certificate-ends-soon', 'certificate-ends-soon'])
    keeper.show()
    expect(metrics.read().gauges.get('certificate_days_left')).toBeCloseTo(20, 0)
    pass(22)
    expect(events.filter((event) => event === 'certificate-expired').length).toBeGreaterThanOrEqual(1)
    keeper.close()
    events.length = 0
    pass(3)
    expect(events).toEqual([])
  })
})
