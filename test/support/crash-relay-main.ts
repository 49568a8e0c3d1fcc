/**
 * A relay on a SQLite file that is there to be killed. It waits for its settings on standard input, so that it can be loaded before it is
 * needed, and keeps a file up to date that outlives the process. Its first byte is `1` from the beginning of a COMMIT until that is synced, `0`
 * otherwise. Behind it stands what the relay has synced: frames of the journal, and the salt by which that journal is known.
 *
 * @module
 */
import { cryptoReady, hexToBytes, type Bytes } from '@y-sealed/protocol'
import { Device } from '@y-sealed/protocol/sealing'
import Database from 'better-sqlite3'
import fs, { openSync, readlinkSync, readSync, writeSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
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

/** Makes every `COMMIT`, and every sync by the relay itself, tell what it begins and what it has done. */
function markCommits({ marker: path, database }: CrashRelaySettings): void {
  const marker = openSync(path, 'w')
  const index = Buffer.alloc(40)
  let shm: number | null = null
  let commits = 0
  let synced = { commits: 0, frames: 0, salt: '-' }

  const tell = (): void => {
    const frames = String(synced.frames).padStart(10)
    writeSync(marker, `${commits > synced.commits ? 1 : 0}${frames} ${synced.salt.padEnd(16)}\n`, 0)
  }
  const readJournal = (): { frames: number; salt: string } => {
    shm ??= openSync(`${database}-shm`, 'r')
    // Of the wal-index header: mxFrame, in the machine's order of bytes, and the salts. (sqlite.org/walformat.html, 2.2)
    readSync(shm, index, 0, 40, 0)
    return { frames: index.readUInt32LE(16), salt: index.toString('hex', 32) }
  }

  const prepare = Reflect.get(Database.prototype, 'prepare') as (this: unknown, source: string) => Database.Statement
  Reflect.set(Database.prototype, 'prepare', function (this: unknown, source: string) {
    const statement = prepare.call(this, source)
    if (source !== 'COMMIT') return statement
    const run = statement.run.bind(statement)
    statement.run = (...parameters) => {
      commits += 1
      tell()
      return run(...parameters)
    }
    return statement
  })
  const sync = fs.fdatasync
  Reflect.set(fs, 'fdatasync', (descriptor: number, told: fs.NoParamCallback) => {
    // The database file is synced too, in a checkpoint.
    if (!readlinkSync(`/proc/self/fd/${descriptor}`).endsWith('-wal')) return sync(descriptor, told)
    const through = { commits, ...readJournal() }
    sync(descriptor, (error) => {
      if (error === null) synced = through
      tell()
      told(error)
    })
  })
  syncBuiltinESMExports()
}

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
