/**
 * In which order, and by which thread, the store's files are written and synced, as the operating system sees it: a program under strace
 * that makes a checkpoint every few commits.
 */
import { bytesToHex } from '@y-sealed/protocol'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

import { openSqliteStore } from '../../../../server/store/sqlite/store.ts'
import { createTestDocument } from '../../../contract/append-units.ts'
import { makeStorePath } from '../../../contract/store-directory.ts'
import { hasComponent } from '../../../support/components.ts'
import { REPOSITORY_ROOT } from '../../../support/repository.ts'

const CHILD = fileURLToPath(new URL('append-child.ts', import.meta.url))
const JOURNAL_HEADER_BYTES = 32

/** One call on one of the store's two files, or a line that the program wrote of itself. Where it began and ended, in lines of the trace. */
interface Call {
  readonly thread: string
  readonly began: number
  readonly ended: number
  readonly what: 'write' | 'sync' | 'push' | 'ack'
  readonly file: 'journal' | 'database' | null
  /** It writes the head of a journal: one begins anew. */
  readonly isHead: boolean
}

/** Runs the program and reads what it did, in the order in which it began it. */
async function traceStore(): Promise<readonly Call[]> {
  const path = makeStorePath()
  const store = openSqliteStore({ path })
  const { id } = await createTestDocument(store, 'shared-key')
  await store.close()
  const trace = join(dirname(path), 'trace')
  const program = [process.execPath, '--import', 'tsx', '--conditions=source', CHILD]
  const { status } = spawnSync(
    'strace',
    ['-f', '-y', '-e', 'trace=fsync,fdatasync,write,pwrite64', '-s', '8', '-o', trace, ...program],
    {
      cwd: REPOSITORY_ROOT,
      env: {
        ...process.env,
        STORE_PATH: path,
        JOURNAL: join(dirname(path), 'told'),
        DOCUMENT: bytesToHex(id),
        SESSIONS: '8',
        PUSHES: '150',
        CHECKPOINT_PAGES: '32',
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )
  expect(status).toBe(0)
  return readCalls(readFileSync(trace, 'latin1').split('\n'))
}

function readCalls(lines: readonly string[]): readonly Call[] {
  const calls: Call[] = []
  const begun = new Map<string, { readonly text: string; readonly began: number }>()
  for (const [at, line] of lines.entries()) {
    const [, thread = '', text = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
    if (text.endsWith('<unfinished ...>')) {
      begun.set(thread, { text: text.replace(/ *<unfinished ...>$/, ''), began: at })
      continue
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text)
    const start = resumed === null ? { text: '', began: at } : (begun.get(thread) ?? { text: '', began: at })
    const call = readCall(start.text + (resumed?.[1] ?? text))
    if (call !== null) calls.push({ thread, began: start.began, ended: at, ...call })
  }
  return calls.toSorted((a, b) => a.began - b.began)
}

function readCall(text: string): Pick<Call, 'what' | 'file' | 'isHead'> | null {
  const told = /^write\(\d+<[^>]*told>, "(push|ack) /.exec(text)
  if (told !== null) return { what: told[1] as 'push' | 'ack', file: null, isHead: false }
  const [, name, end, rest = ''] = /^(\w+)\(\d+<[^>]*store\.sqlite(-wal)?>(.*)$/.exec(text) ?? []
  if (name === undefined) return null
  const file = end === undefined ? 'database' : 'journal'
  const isHead = file === 'journal' && rest.endsWith(`, ${JOURNAL_HEADER_BYTES}, 0) = ${JOURNAL_HEADER_BYTES}`)
  return { what: name.endsWith('sync') ? 'sync' : 'write', file, isHead }
}

interface Trace {
  readonly calls: readonly Call[]
  /** From the first push to the last acknowledgement. */
  readonly work: readonly Call[]
  /** The thread of the event loop. */
  readonly loop: string
  readonly heads: readonly Call[]
}

async function trace(): Promise<Trace> {
  const calls = await traceStore()
  const from = calls.findIndex(({ what }) => what === 'push')
  const to = calls.findLastIndex(({ what }) => what === 'ack')
  const work = calls.slice(from, to + 1)
  return { calls, work, loop: (work[0] as Call).thread, heads: work.filter(({ isHead }) => isHead) }
}

describe.skipIf(!hasComponent('strace'))('writes and syncs of the store', { timeout: 60_000 }, () => {
  /** One for all. */
  let traced: Promise<Trace> | null = null

  it('[I3] the relay’s own thread syncs nothing but the heads of journals, and carries nothing over', async () => {
    const { heads, loop, work } = await (traced ??= trace())
    expect(heads.length).toBeGreaterThan(0)
    const own = work.filter(({ thread, what }) => thread === loop && what === 'sync')
    expect(own.every(({ file }) => file === 'journal')).toBe(true)
    expect(own.length).toBeLessThanOrEqual(heads.length)
    expect(work.filter(({ file, what }) => file === 'database' && what === 'write').length).toBeGreaterThan(0)
    expect(work.filter(({ thread, file }) => thread === loop && file === 'database')).toEqual([])
  })

  it('[I3] no acknowledgement without a sync that began after the last write before it', async () => {
    const { work } = await (traced ??= trace())
    // Of a program with eight pushes under way: what was written for an acknowledgement is not known, but that it was written before some sync.
    let unacknowledged = 0
    for (const [at, call] of work.entries()) {
      if (call.what !== 'ack') continue
      const sync = work
        .slice(0, at)
        .findLast((each) => each.what === 'sync' && each.file === 'journal' && each.ended < call.began)
      const pushes = work.filter((each) => each.what === 'push' && sync !== undefined && each.ended < sync.began).length
      const acks = work.slice(0, at).filter((each) => each.what === 'ack').length
      if (acks >= pushes) unacknowledged++
    }
    expect(unacknowledged).toBe(0)
  })

  it('[I3] what is carried over was synced in the journal before', async () => {
    const { calls, work } = await (traced ??= trace())
    for (const call of work.filter(({ file, what }) => file === 'database' && what === 'write')) {
      const before = calls.filter((each) => each.thread === call.thread && each.ended < call.began)
      const sync = before.findLast(({ what }) => what === 'sync')
      expect(sync).toMatchObject({ file: 'journal' })
    }
  })

  it('[I3] no journal begins anew before what it held is synced in the database', async () => {
    const { calls, heads } = await (traced ??= trace())
    for (const head of heads) {
      const before = calls.filter((call) => call.file === 'database' && call.began < head.began)
      const lastWrite = before.findLast(({ what }) => what === 'write')
      if (lastWrite === undefined) continue
      const isSynced = before.some(
        (each) => each.what === 'sync' && each.began > lastWrite.ended && each.ended < head.began,
      )
      expect(isSynced).toBe(true)
    }
  })
})
