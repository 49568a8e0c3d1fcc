/**
 * The relay as a library: {@link createRelay} and the ports that it is put together from. `y-sealed-relay serve` is the same with
 * everything chosen.
 *
 * @module
 */
export { createLocalBus } from './bus/local.ts'
export { DEFAULT_LIMITS, type RelayLimits } from './core/limits.ts'
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
export { createRelay, type Relay, type RelayOptions } from './relay.ts'
export { createMemoryStore } from './store/memory.ts'
