/**
 * The relay as a library. {@link startRelay} is `y-sealed-relay serve` as a function; {@link createRelay} takes store, bus and tokens
 * of your own, by the ports that are exported beside it. Tokens from an app's backend are in `@y-sealed/relay/issuer`.
 *
 * @module
 */

// A relay with everything chosen.
export type { CreatePolicy } from './auth/embedded-issuer.ts'
export type { RelaySettings } from './settings.ts'
export { startRelay, type RunningRelay } from './serve.ts'
export { SettingsError } from './ops/settings-error.ts'

// A relay over ports.
export { DEFAULT_LIMITS, type RelayLimits } from './core/limits.ts'
export { createRelay, type Relay, type RelayFigures, type RelayOptions } from './relay.ts'
export type { TlsIdentity } from './ops/tls-options.ts'

// Whose tokens it takes.
export { parseJwks } from './auth/jwks.ts'
export { createJwksKeys, type JwksKeys, type JwksKeysOptions } from './auth/jwks-keys.ts'
export { createStaticKeys, type KeySource, type VerificationKey } from './auth/key-source.ts'
export { createRevocations, type Revocations } from './auth/revocations.ts'
export { createTokenVerifier, type TokenVerifierOptions } from './auth/token-verifier.ts'

// The adapters that come along.
export { createLocalBus } from './bus/local.ts'
export { createMemoryStore } from './store/memory.ts'
export { openSqliteStore, type SqliteStoreOptions } from './store/sqlite/store.ts'
export { createSystemClock } from './ops/clock.ts'
export type { LogLevel } from './ops/log-level.ts'
export { createLog, type LogOptions } from './ops/log.ts'
export { createSampledLog, type SampledLog, type SampledLogOptions } from './ops/sampled-log.ts'
export { createMetrics, type MemoryMetrics, type MetricsReading } from './ops/metrics.ts'
export { createPrometheusMetrics, type PrometheusMetrics } from './ops/prometheus.ts'

// The ports.
export type {
  AppendResult,
  AppendUnit,
  Auth,
  Bus,
  BusEvents,
  Clock,
  Creation,
  DocumentStatus,
  Grant,
  Head,
  HeadKey,
  Log,
  LogFields,
  Metrics,
  NewEntry,
  Permission,
  RecordEffect,
  Role,
  Store,
  StoredEntry,
  TokenVerdict,
} from './core/ports.ts'
