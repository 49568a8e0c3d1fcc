/**
 * The certificate while the relay runs: taken anew when its files change or somebody asks, made anew before a development certificate
 * ends, and complained of before it runs out. Files are looked at, not watched: a look follows the links that ACME clients and
 * containers turn over, which watches of a folder miss. Row A12.
 *
 * @module
 */
import { X509Certificate } from 'node:crypto'
import { statSync } from 'node:fs'

import type { Clock, Log, Metrics } from '../core/ports.ts'
import type { TlsIdentity } from './tls-options.ts'

export interface CertificateSource {
  /** The identity as it stands now; may make one. Rejects when it is not good. */
  load(): Promise<TlsIdentity>
  /** Changes when it is worth loading again. Never throws. */
  readState(): string
}

export interface CertificateKeeperOptions {
  readonly source: CertificateSource
  readonly current: TlsIdentity
  /** Puts a new certificate to use. */
  readonly use: (identity: TlsIdentity) => void
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly lookEveryMs?: number
}

export interface CertificateKeeper {
  /** The identity in use. */
  readonly current: TlsIdentity
  /** Loads it now, changed or not. A bad one is complained of and the old one stays. */
  reload(): Promise<void>
  /** Sets the gauges. */
  show(): void
  close(): void
}

const DAY_MS = 86_400_000
/** From here on a certificate that was not renewed is complained of, once a day. */
const WARN_DAYS = 21
const LOOK_MS = 5_000

/** Keeps it until {@link CertificateKeeper.close}. */
export function keepCertificate(options: CertificateKeeperOptions): CertificateKeeper {
  const { source, use, clock, log, metrics, lookEveryMs = LOOK_MS } = options
  let { current } = options
  let notAfterMs = endOf(current)
  let loadedState = source.readState()
  let seenState = loadedState
  let complainedAtMs = Number.NEGATIVE_INFINITY
  let isClosed = false
  let loading: Promise<void> = Promise.resolve()
  let cancel = clock.after(lookEveryMs, look)

  async function load(isAsked: boolean): Promise<void> {
    const state = source.readState()
    try {
      const next = await source.load()
      if (isClosed) return
      loadedState = state
      if (next.cert === current.cert && next.key === current.key) {
        if (isAsked) log.info('certificate-unchanged', { daysLeft: daysLeft() })
        return
      }
      use(next)
      current = next
      notAfterMs = endOf(next)
      complainedAtMs = Number.NEGATIVE_INFINITY
      metrics.count('certificate_reloads', { result: 'done' })
      log.info('certificate-renewed', { daysLeft: daysLeft() })
      complain()
    } catch (error) {
      loadedState = state
      metrics.count('certificate_reloads', { result: 'failed' })
      log.error('certificate-refused', {
        cause: error instanceof Error ? error.message : 'unknown',
        meaning: 'the certificate in use stays in use; mend the files, and they are taken by themselves or with SIGHUP',
        daysLeft: daysLeft(),
      })
    }
  }

  function reload(isAsked: boolean): Promise<void> {
    loading = loading.then(() => load(isAsked))
    return loading
  }

  function look(): void {
    if (isClosed) return
    const state = source.readState()
    // Two files are written one after the other: they are read when they have rested for one look.
    if (state !== loadedState && state === seenState) void reload(false)
    seenState = state
    complain()
    cancel = clock.after(lookEveryMs, look)
  }

  function complain(): void {
    if (daysLeft() >= WARN_DAYS || clock.now() - complainedAtMs < DAY_MS) return
    complainedAtMs = clock.now()
    if (notAfterMs > clock.now()) log.warn('certificate-ends-soon', { daysLeft: daysLeft() })
    else log.error('certificate-expired', { daysLeft: daysLeft() })
  }

  function daysLeft(): number {
    return Math.floor((notAfterMs - clock.now()) / DAY_MS)
  }

  complain()
  return {
    get current() {
      return current
    },
    reload: () => reload(true),
    show() {
      metrics.gauge('certificate_not_after_seconds', notAfterMs / 1000)
      metrics.gauge('certificate_days_left', (notAfterMs - clock.now()) / DAY_MS)
    },
    close() {
      isClosed = true
      cancel()
    },
  }
}

/** State of files: which they are, how large, when written; through links. */
export function stateOfFiles(paths: readonly string[]): string {
  return paths
    .map((path) => {
      try {
        const { ino, size, mtimeMs, dev } = statSync(path)
        return `${dev}:${ino}:${size}:${mtimeMs}`
      } catch {
        return 'missing'
      }
    })
    .join(' ')
}

function endOf({ cert }: TlsIdentity): number {
  return Date.parse(new X509Certificate(cert).validTo)
}
