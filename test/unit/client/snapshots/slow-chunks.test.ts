/** A snapshot that comes slowly, and what a relay keeps back of it, or refuses for a while: the log and the socket are stand-ins. */
import {
  CLIENT_FRAME,
  REFUSALS,
  type Bytes,
  type ClientFrame,
  type NackFrame,
  type OpenedFrame,
  type SnapshotChunkFrame,
} from '@y-sealed/protocol'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { SnapshotOpening, type OpeningOptions } from '../../../../client/snapshots/opening.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const CHUNK = 57_344
const ID = new Uint8Array(32).fill(9)
const DOCUMENT = new Uint8Array(16).fill(7)

function openFrom(total: number, opened: Partial<OpenedFrame> = {}) {
  const asked: number[] = []
  const read: number[] = []
  const signs: (() => void)[] = []
  const reports: string[] = []
  const opening = new SnapshotOpening({
    access: { documentId: DOCUMENT },
    deviceId: DOCUMENT,
    history: {
      log: { head: { seq: 0 } },
      follower: { skipInline: () => undefined, overdue: () => reports.push('WITHHELD') },
      restart: () => Promise.resolve(),
    },
    send: (frame: ClientFrame) => {
      if (frame.type === 'read-snapshot') asked.push(frame.offset)
      if (frame.type === 'read') read.push(frame.after)
      return true
    },
    askForSign: (onSign: () => void) => {
      signs.push(onSign)
      return () => void signs.splice(signs.indexOf(onSign), 1)
    },
    reopen: () => undefined,
    hasRecords: () => false,
    emit: (_name: string, [{ code }]: [{ code: string }]) => reports.push(code),
  } as unknown as OpeningOptions)
  opening.begin({ present: true, oldestSeq: 1, through: 0, snapshotId: ID, snapshotSeq: 5, ...opened } as OpenedFrame)
  const chunk = (offset: number, length: number, snapshotId: Bytes = ID): void =>
    opening.takeChunk({
      type: 'snapshot-chunk',
      document: DOCUMENT,
      snapshotId,
      total,
      offset,
      bytes: new Uint8Array(length),
    } satisfies SnapshotChunkFrame)
  const refuse = (refused: number, code: number, retryAfterMs: number): boolean =>
    opening.refuse({ type: 'nack', refused, code, retryAfterMs } as NackFrame)
  return { asked, read, signs, reports, chunk, refuse }
}

it('[CL41] [K3] a snapshot whose every chunk takes 50 s is taken, and nobody is suspected', () => {
  const { asked, reports, chunk } = openFrom(6 * CHUNK)
  for (let i = 0; i < 6; i++) {
    vi.advanceTimersByTime(50_000)
    chunk(i * CHUNK, CHUNK)
  }
  expect([asked, reports]).toEqual([[0, 4 * CHUNK], []])
})

it('[CL41] [K3] a relay that answers, and keeps a chunk back, is found out as soon as it answers', () => {
  const { signs, reports, chunk } = openFrom(6 * CHUNK)
  chunk(0, CHUNK)
  vi.advanceTimersByTime(10_000)
  expect(reports).toEqual([])
  signs[0]?.()
  expect(reports).toEqual(['SNAPSHOT_REFUSED'])
})

it('[CL41] [K3] a relay that sends other things instead gains no time by it', () => {
  const { reports, chunk } = openFrom(6 * CHUNK)
  for (let i = 0; i < 12; i++) {
    expect(reports).toEqual([])
    vi.advanceTimersByTime(5_000)
    chunk(0, CHUNK, DOCUMENT)
  }
  expect(reports).toEqual(['SNAPSHOT_REFUSED'])
})

it('[FR18] [K3] nor does one that sends crumbs, each of which would be waited for anew', () => {
  const { asked, reports, chunk } = openFrom(6 * CHUNK)
  for (let i = 0; i < 3; i++) chunk(0, 1)
  expect([asked, reports]).toEqual([[0, 0, 0, 0], []])
  chunk(0, 1)
  expect(reports).toEqual(['SNAPSHOT_REFUSED'])
})

it('[CL41] [K3] a snapshot that was to come by itself, and does not, is asked for', () => {
  const { asked, signs, reports } = openFrom(6 * CHUNK, { through: 4 })
  vi.advanceTimersByTime(10_000)
  expect([asked, signs.length]).toEqual([[], 1])
  signs[0]?.()
  expect([asked, reports]).toEqual([[0], []])
  vi.advanceTimersByTime(10_000)
  signs[0]?.()
  expect(reports).toEqual(['SNAPSHOT_REFUSED'])
})

it('[CL41] [K3] what is left of a log that names no snapshot, and is kept back, is told', () => {
  const { read, signs, reports } = openFrom(0, { oldestSeq: 5, snapshotId: new Uint8Array(32), snapshotSeq: 0 })
  vi.advanceTimersByTime(10_000)
  expect([read, reports]).toEqual([[4], []])
  signs[0]?.()
  expect(reports).toEqual(['WITHHELD'])
})

it('[CL41] [FR15] a relay that asks for time is asked again when it is over, and suspected of nothing meanwhile', () => {
  const { asked, signs, reports, refuse } = openFrom(6 * CHUNK, { through: 0 })
  vi.advanceTimersByTime(9_000)
  expect(refuse(CLIENT_FRAME['read-snapshot'], REFUSALS.RATE.number, 20_000)).toBe(true)
  vi.advanceTimersByTime(19_999)
  expect([asked, signs, reports]).toEqual([[0], [], []])
  vi.advanceTimersByTime(1)
  expect(asked).toEqual([0, 0])
  vi.advanceTimersByTime(10_000)
  signs[0]?.()
  expect(reports).toEqual(['SNAPSHOT_REFUSED'])
})

it('[CL41] [FR15] so is one that asks for time while publications are looked for, and without a wait a little later', () => {
  const { read, reports, refuse } = openFrom(0, { oldestSeq: 5, snapshotId: new Uint8Array(32), snapshotSeq: 0 })
  expect(refuse(CLIENT_FRAME.read, REFUSALS.UNAVAILABLE.number, 0)).toBe(true)
  expect(read).toEqual([4])
  vi.advanceTimersByTime(250)
  expect([read, reports]).toEqual([[4, 4], []])
})
