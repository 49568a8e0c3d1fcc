/** An exported document, looked at without any key. */
import {
  bytesToBase64url,
  concatBytes,
  cryptoReady,
  ExportReader,
  ExportWriter,
  readWholeEnvelope,
  sodiumSha512,
  type Bytes,
  type Envelope,
  type ExportHeader,
  type ExportPart,
} from '@y-sealed/protocol'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { auditExport } from '../../../../server/audit/audit-export.ts'
import { EXPLANATIONS } from '../../../../server/audit/fault.ts'
import { runRelayCommand } from '../../../support/command-line.ts'
import { Team } from '../../../support/members/team.ts'
import { createRoom, join as joinRoom } from '../../../support/peer.ts'
import { startHonestRelay } from '../../../support/stage.ts'
import { makeTemporaryFolder } from '../../../support/temporary-folder.ts'

type PartOf<Type extends ExportPart['type']> = ExportPart & { readonly type: Type }

interface Exported {
  readonly file: Bytes
  readonly header: ExportHeader
  readonly parts: readonly ExportPart[]
  readonly room: Bytes
}

let exported: Promise<Exported> | null = null

/** Made once, within the first test that asks. */
function exportAll(): Promise<Exported> {
  return (exported ??= make())
}

async function gather(chunks: AsyncIterable<Bytes>): Promise<Bytes> {
  const pieces: Bytes[] = []
  for await (const piece of chunks) pieces.push(piece)
  return concatBytes(...pieces)
}

/** Members come and go, somebody pastes more than one envelope takes, and the key changes. */
async function make(): Promise<Exported> {
  await cryptoReady()
  const relay = await startHonestRelay([])
  const team = await Team.start(relay)
  const bob = await team.invite('writer')
  await team.alice.write('one ')
  // What he writes says that he has seen it.
  await bob.reads('one ')
  await bob.write('two ')
  bob.type('\u00e9'.repeat(60_000))
  await bob.peer.provider.flush()
  await team.alice.remove(bob)
  await team.alice.write('three')
  const file = await gather((await team.alice.peer.provider.exportDocument()).chunks)
  const access = (await createRoom())()
  const peer = await joinRoom({ relay, access })
  await peer.provider.whenSynced()
  peer.text.insert(0, 'in a room')
  await peer.provider.flush()
  const room = await gather((await peer.provider.exportDocument()).chunks)
  const reader = new ExportReader(sodiumSha512)
  const parts = [...reader.take(file)]
  return { file, room, parts, header: reader.header as ExportHeader }
}

function stored(bytes: Bytes): string {
  const path = join(makeTemporaryFolder(), 'note.y-sealed')
  writeFileSync(path, bytes)
  return path
}

/** The file with other parts, and links as if it had always been so. */
function rewritten({ header, parts }: Exported, change: (part: ExportPart) => ExportPart | null): Bytes {
  const writer = new ExportWriter(sodiumSha512, header.genesis)
  const changed = parts.map(change).filter((part) => part !== null)
  return concatBytes(writer.header, ...changed.map((part) => writer.write(part)))
}

async function faultsOf(bytes: Bytes): Promise<readonly string[]> {
  const faults: string[] = []
  const say = ({ code, seq }: { readonly code: string; readonly seq: number | null }): void =>
    void faults.push(seq === null ? code : `${code} at ${seq}`)
  await auditExport({ path: stored(bytes), onFileFault: say, onDocument: (report) => report.faults.forEach(say) })
  return [...new Set(faults)]
}

/** Turns a bit of the entry at a place. */
function withBit(whole: Exported, seq: number, at: number): Bytes {
  return rewritten(whole, (part) => {
    if (part.type !== 'entries') return part
    const envelopes = part.envelopes.map((envelope, index) => {
      if (part.seq + index !== seq) return envelope
      const bytes = envelope.bytes.slice()
      bytes[at] = (bytes[at] as number) ^ 1
      return readWholeEnvelope(bytes) as Envelope
    })
    return { ...part, envelopes }
  })
}

describe('[EX2] the audit of an exported document', () => {
  it('finds a file in order, checks who wrote what, and counts the same as the log', async () => {
    const { file, parts } = await exportAll()
    const reports: unknown[] = []
    const summary = await auditExport({ path: stored(file), onDocument: (report) => reports.push(report) })
    const end = parts.at(-1) as PartOf<'end'>
    expect(reports).toMatchObject([{ mode: 'members', entries: end.seq, records: 3, unchecked: 0, faultCount: 0 }])
    expect(summary).toMatchObject({ documents: 1, faults: 0, faultyDocuments: 0, entries: end.seq })
    expect(summary.checks).toBeGreaterThan(4)
  })

  it('finds a room in order, without its key', async () => {
    const { room } = await exportAll()
    const summary = await auditExport({ path: stored(room) })
    expect(summary).toMatchObject({ documents: 1, faults: 0 })
    expect(summary.unchecked).toBeGreaterThan(0)
  })

  it('[EX3] says what is cut, changed, or no exported document', async () => {
    const { file } = await exportAll()
    expect(await faultsOf(file.slice(0, -1))).toEqual(['FILE_DAMAGED'])
    expect(await faultsOf(new Uint8Array(0))).toEqual(['FILE_DAMAGED'])
    expect(await faultsOf(new TextEncoder().encode('not a document at all, but a text of some length'))).toEqual([
      'FILE_DAMAGED',
    ])
    const turned = file.slice()
    turned[file.length >> 1] = (turned[file.length >> 1] as number) ^ 1
    expect(await faultsOf(turned)).toContain('FILE_DAMAGED')
  })

  it('[LO2] [LO4] says what was changed by somebody who made the links anew', async () => {
    const whole = await exportAll()
    // A bit of a ciphertext: the transcript is another from there on, and so is what the next entries say they saw.
    const changed = await faultsOf(withBit(whole, 4, 140))
    expect(changed).toEqual(expect.arrayContaining(['END_WRONG', 'SEEN_WRONG at 5']))
  })

  it('[LO4] says that a head is another log’s, or signed by nobody', async () => {
    const whole = await exportAll()
    const { parts } = whole
    const head = parts.find((part) => part.type === 'head') as PartOf<'head'>
    const other = new Uint8Array(32).fill(1)
    expect(await faultsOf(rewritten(whole, (part) => (part === head ? { ...head, headKey: other } : part)))).toEqual([
      `HEAD_WRONG at ${head.head.seq}`,
    ])
    expect(await faultsOf(rewritten(whole, (part) => (part === head ? null : part)))).toEqual([])
  })

  it('says that the list of records is not that of the log', async () => {
    const whole = await exportAll()
    const fewer = rewritten(whole, (part) =>
      part.type === 'records' ? { type: 'records', records: part.records.slice(0, -1) } : part,
    )
    expect(await faultsOf(fewer)).toEqual([expect.stringMatching(/^RECORDS_WRONG at \d+$/)])
  })

  it('says that the end is not where the file says', async () => {
    const whole = await exportAll()
    const { parts } = whole
    const end = parts.at(-1) as PartOf<'end'>
    expect(await faultsOf(rewritten(whole, (part) => (part === end ? { ...end, seq: end.seq + 1 } : part)))).toEqual([
      'END_WRONG',
    ])
  })
})

describe('y-sealed-relay audit --file', () => {
  it('prints what it finds, and ends with 0 or 1', async () => {
    const { file, header } = await exportAll()
    const id = bytesToBase64url(header.genesisHash.slice(0, 16))
    const good = await runRelayCommand(['audit', '--file', stored(file)])
    expect([good.exitCode, good.stderr]).toEqual([0, ''])
    expect(good.stdout).toMatch(new RegExp(`^ok    ${id}  members: \\d+ entries, 3 records, \\d+ signatures checked\n`))
    const bad = await runRelayCommand(['audit', '--file', stored(file.slice(0, 1_000)), '--json'])
    expect(bad.exitCode).toBe(1)
    const [line] = bad.stdout.split('\n')
    expect(JSON.parse(line ?? '')).toEqual({
      type: 'fault',
      document: null,
      code: 'FILE_DAMAGED',
      seq: null,
      detail: expect.stringContaining('EXPORT_TRUNCATED') as string,
      ...EXPLANATIONS.FILE_DAMAGED,
    })
  })

  it('refuses a file that is not there, and one beside a database', async () => {
    const { file } = await exportAll()
    const missing = await runRelayCommand(['audit', '--file', '/nowhere/note'])
    expect([missing.exitCode, missing.stderr]).toEqual([2, expect.stringContaining('there is no file /nowhere/note')])
    const both = await runRelayCommand(['audit', '--file', stored(file), '--db', 'x'])
    expect(both.exitCode).toBe(2)
  })
})
