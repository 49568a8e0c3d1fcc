/**
 * A relay on a SQLite file that is there to be killed. It waits for its settings on standard input, so that it can be loaded before it is
 * needed, and marks its COMMITs.
 *
 * @module
 */
import { cryptoReady, hexToBytes, type Bytes } from '@y-sealed/protocol'
import { Device } from '@y-sealed/protocol/sealing'
import { createInterface } from 'node:readline'

import { parseJwks } from '../../server/auth/jwks.ts'
import { createStaticKeys } from '../../server/auth/key-source.ts'
import { createTokenVerifier } from '../../server/auth/token-verifier.ts'
import { createLocalBus } from '../../server/bus/local.ts'
import { createSystemClock } from '../../server/ops/clock.ts'
import { createLog } from '../../server/ops/log.ts'
import { createMetrics } from '../../server/ops/metrics.ts'
import type { RelayLimits } from '../../server/core/limits.ts'
import { createRelay } from '../../server/relay.ts'
import { openSqliteStore } from '../../server/store/sqlite/store.ts'
import { meetDoom, type Doom } from './doom.ts'
import { markCommits } from './mark-commits.ts'
import { AUDIENCE, ISSUER } from './tokens.ts'

/** One line of JSON on standard input. */
export interface CrashRelaySettings {
  readonly database: string
  /** File that says whether a COMMIT is under way. */
  readonly marker: string
  readonly tls: { readonly key: string; readonly cert: string }
  /** Seed of the head key, 32 bytes in hex. */
  readonly headSeed: string
  /** JWKS by which tokens are verified. */
  readonly keys: string
  readonly port: number
  readonly limits?: Partial<RelayLimits>
  /** Where it ends by itself. */
  readonly doom?: Doom
}

const UNLIMITED = { perSecond: 1e9, burst: 1e9 }

async function readSettings(): Promise<CrashRelaySettings> {
  for await (const line of createInterface({ input: process.stdin })) return JSON.parse(line) as CrashRelaySettings
  return process.exit(0)
}

await cryptoReady()
const settings = await readSettings()
const { database, tls, headSeed, keys } = settings
markCommits(settings)
if (settings.doom !== undefined) meetDoom(settings.doom)
const clock = createSystemClock()
const { port } = settings
// Raw clients say the first, the library what it dials.
const audiences = [AUDIENCE, `wss://127.0.0.1:${port}/sync`]
const seed = hexToBytes(headSeed) as Bytes
const head = new Device({ sign: seed, box: seed })
const relay = await createRelay({
  store: openSqliteStore({ path: database }),
  bus: createLocalBus(),
  auth: createTokenVerifier({
    keys: createStaticKeys(await parseJwks(keys)),
    issuers: [ISSUER],
    audiences,
    clock,
  }),
  audiences,
  tls,
  headKey: { publicKey: head.signPublic, sign: (message) => head.sign(message) },
  clock,
  log: createLog({ level: 'error', clock, write: (line) => process.stderr.write(line) }),
  metrics: createMetrics(),
  // It is to commit without pause.
  limits: {
    socketPushes: UNLIMITED,
    writerPushes: UNLIMITED,
    networkPushes: UNLIMITED,
    socketBytes: UNLIMITED,
    writerBytes: UNLIMITED,
    ...settings.limits,
  },
})
await relay.listen({ host: '127.0.0.1', port })
process.stdout.write(`${port}\n`)
