/**
 * The relay dies at each step of taking a snapshot in and of giving room back: pieces on their way, staged and not published, published,
 * attested, trimmed, forgotten, vacuumed; while people type.
 */
import { RelayConnection, SealedProvider, type DocumentAccess, type IntegrityReport } from '@y-sealed/client'
import { nodeWebSocket } from '@y-sealed/client/node'
import { createDeviceSeeds, Device } from '@y-sealed/protocol/sealing'
import Database from 'better-sqlite3'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, it, onTestFinished, vi } from 'vitest'
import * as Y from 'yjs'

import type { RelayLimits } from '../../server/core/limits.ts'
import { auditDatabase } from '../../server/audit/audit-database.ts'
import type { DocumentReport } from '../../server/audit/document-audit.ts'
import type { Fault } from '../../server/audit/fault.ts'
import { bundleCrashRelay, CrashRelay } from '../support/crash-relay.ts'
import { ALL_PHASES, MOMENTS, noteOf, type Doom } from '../support/doom.ts'
import { createRoom, Peer } from '../support/peer.ts'
import { createRandom } from '../support/random.ts'

/** Times that it dies at each moment of each step. */
const TIMES = process.env['Y_SEALED_LONG_TESTS'] === '1' ? 8 : 1
const SEED = Number(process.env['Y_SEALED_SEED'] ?? 20_261_204)
const TYPISTS = 3
/** A machine that has much else to do takes long to start a relay, and to make a snapshot due. */
const DEADLINE_MS = 120_000
/** So that a snapshot is four pieces. */
const BALLAST_CHARS = 180_000
const PACE = { electionMs: 20, attestationMs: 30, idleMs: 60_000 }
/** What takes weeks, in seconds. */
const LIMITS: Partial<RelayLimits> = {
  soonEntries: 25,
  compactionPauseMs: 100,
  trimAgeMs: 1,
  marksAgeMs: 1_500,
  trimIntervalMs: 50,
  trimPauseMs: 1,
  trimEntries: 16,
}

class Typist {
  readonly #peer: Peer
  readonly #name: string
  readonly reports: IntegrityReport[] = []
  readonly typed: string[] = []
  /** The relay has said that these are on its disk. */
  readonly saved: string[] = []

  constructor(name: string, relay: CrashRelay, access: DocumentAccess) {
    const device = new Device(createDeviceSeeds())
    const connection = new RelayConnection({
      url: relay.url,
      device,
      token: async ({ documentId, deviceId, audience }) => relay.token(documentId, deviceId, audience),
      WebSocket: nodeWebSocket({ ca: relay.ca }),
    })
    const provider = new SealedProvider({ connection, access, doc: new Y.Doc(), snapshotPace: PACE })
    provider.on('integrity', (report) => this.reports.push(report))
    this.#peer = new Peer(device, connection, provider)
    this.#name = name
    onTestFinished(() => this.#peer.close())
  }

  get provider(): SealedProvider {
    return this.#peer.provider
  }

  get text(): string {
    return this.#peer.text.toJSON()
  }

  write(text: string): void {
    this.#peer.text.insert(this.#peer.text.length, text)
  }

  /** Types until told otherwise, a little ahead of the relay. */
  async type(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.provider.unsyncedChanges < 20) {
        const word = `${this.#name}${this.typed.length}`
        this.typed.push(word)
        this.write(` ${word}`)
        void this.provider.whenSaved().then(() => this.saved.push(word))
      }
      await pause(4)
    }
  }

  /** Dials now, whatever it has waited for. */
  dial(): void {
    this.#peer.connection.hide()
    this.#peer.connection.show()
  }

  close(): void {
    this.#peer.close()
  }
}

/** A snapshot, or what of it is asked for. */
interface Row {
  readonly id: string
  readonly held: number
  readonly bytes: number
}

/** What stands in the database of a relay that is dead. */
function look(path: string, sql: string): readonly Row[] {
  const db = new Database(path, { readonly: true })
  try {
    return db.prepare<[], Row>(sql).all()
  } finally {
    db.close()
  }
}

/** What an audit finds wrong. */
async function faultsOf(path: string): Promise<readonly string[]> {
  const faults: string[] = []
  const tell = ({ code, seq, detail }: Fault): void => void faults.push(`${code} ${seq} ${detail}`)
  const onDocument = (report: DocumentReport): void => report.faults.forEach(tell)
  const { documents } = await auditDatabase({ path, onDocument, onDatabaseFault: tell })
  return documents === 1 ? faults : [`${documents} documents`, ...faults]
}

function headOf(path: string): number {
  const db = new Database(path, { readonly: true })
  try {
    return db.prepare<[], number>('SELECT max(seq) FROM entries').pluck().get() ?? 0
  } finally {
    db.close()
  }
}

const STAGED = 'SELECT lower(hex(id)) AS id, held, bytes FROM snapshots WHERE state < 2 AND held > 0'

it(
  `[I2] [LO15] [FR17] a relay that dies at each step of taking snapshots and of trimming, ${TIMES} times each: nothing is lost, uploads go on, all agree`,
  { timeout: DEADLINE_MS + TIMES * ALL_PHASES.length * MOMENTS.length * DEADLINE_MS },
  async () => {
    const random = createRandom(SEED)
    const program = await bundleCrashRelay()
    const relay = new CrashRelay(program)
    const note = join(relay.folder, 'doom')
    const { databasePath: path } = relay
    await relay.start({ limits: LIMITS })
    const access = await createRoom()
    const typists = Array.from({ length: TYPISTS }, (_, i) => new Typist('abc'[i] ?? '', relay, access()))
    await Promise.all(typists.map(({ provider }) => provider.whenSynced()))
    const ballast = Array.from({ length: BALLAST_CHARS }, () => String.fromCharCode(33 + random(90))).join('')
    typists[0]?.write(ballast)
    await typists[0]?.provider.whenSaved()
    // What they type is to stand behind it: whoever had not heard of it yet would write before it.
    await vi.waitFor(() => expect(typists.every(({ text }) => text === ballast)).toBe(true), DEADLINE_MS)
    await relay.kill()

    const stop = new AbortController()
    const typing = typists.map((typist) => typist.type(stop.signal))
    const dooms = ALL_PHASES.flatMap((phase) => MOMENTS.map((moment) => ({ phase, moment })))
    const interrupted = new Map<string, Row>()
    const hits: string[] = []
    let headSeq = 0
    for (let time = 0; time < TIMES; time++) {
      for (const { phase, moment } of dooms) {
        rmSync(note, { force: true })
        const doom: Doom = { phase, moment, after: random(3), note }
        await relay.start({ limits: LIMITS, doom })
        for (const typist of typists) typist.dial()
        const isDead = await Promise.race([relay.ended().then(() => true), pause(DEADLINE_MS).then(() => false)])
        expect([noteOf(doom), isDead]).toEqual([noteOf(doom), true])
        // It died there and of nothing else.
        expect(existsSync(note) ? readFileSync(note, 'utf8') : 'another end').toBe(noteOf(doom))
        hits.push(noteOf(doom))
        expect([noteOf(doom), ...(await faultsOf(path))]).toEqual([noteOf(doom)])
        const seq = headOf(path)
        const told = Math.max(...typists.map(({ provider }) => provider.head.seq))
        expect(seq, 'what clients have verified is on the disk').toBeGreaterThanOrEqual(Math.max(headSeq, told))
        headSeq = seq
        for (const row of look(path, STAGED)) interrupted.set(row.id, row)
      }
    }
    expect(hits).toHaveLength(dooms.length * TIMES)

    await relay.start({ limits: { ...LIMITS, stagedForMs: 300 } })
    stop.abort()
    await Promise.all(typing)
    await Promise.all(typists.map(({ provider }) => provider.whenSaved()))
    const reader = new Typist('', relay, access())
    await reader.provider.whenSynced()
    await vi.waitFor(() => expect(new Set([...typists, reader].map(({ text }) => text)).size).toBe(1), DEADLINE_MS)
    const words = reader.text
      .slice(reader.text.indexOf(ballast) + ballast.length)
      .split(' ')
      .filter((word) => word !== '')
    expect(reader.text).toContain(ballast)
    // Each once, none that nobody typed.
    expect(words.toSorted()).toEqual(typists.flatMap(({ typed }) => typed).toSorted())
    for (const { saved, typed } of typists) expect(saved.length).toBe(typed.length)
    // Marks are kept for no time here: somebody who was away may be told that no more could be checked, and nothing else.
    const reports = [...typists, reader].flatMap((typist) => typist.reports)
    expect(reports.filter(({ code }) => code !== 'UNPROVEN')).toEqual([])

    // What was left behind is taken away, and what was on its way was gone on with.
    const left = (): number => look(path, 'SELECT 1 FROM snapshots WHERE state <> 2').length
    await vi.waitFor(() => expect(left()).toBe(0), { timeout: DEADLINE_MS, interval: 100 })
    const published = look(path, 'SELECT lower(hex(id)) AS id FROM publications')
    const resumed = published.filter(({ id }) => interrupted.has(id))
    expect(resumed.length, 'an upload that was interrupted went on').toBeGreaterThan(0)
    expect(
      [...interrupted.values()].some(({ held, bytes }) => held < bytes),
      'within its pieces',
    ).toBe(true)
    for (const typist of [...typists, reader]) typist.close()
    await relay.kill()
    expect(await faultsOf(path)).toEqual([])
    relay.end()
  },
)
