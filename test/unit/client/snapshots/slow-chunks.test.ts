/** A snapshot that comes slowly, and one that a relay keeps back: the log and the socket are stand-ins. */
import type { Bytes, ClientFrame, OpenedFrame, SnapshotChunkFrame } from '@y-sealed/protocol'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { SnapshotOpening, type OpeningOptions } from '../../../../client/snapshots/opening.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const CHUNK = 57_344
const ID = new Uint8Array(32).fill(9)
const DOCUMENT = new Uint8Array(16).fill(7)

function openFrom(total: number) {
  const asked: number[] = []
  const signs: (() => void)[] = []
  const reports: string[] = []
  const opening = new SnapshotOpening({
    access: { documentId: DOCUMENT },
    deviceId: DOCUMENT,
    history: {
      log: { head: { seq: 0 } },
      follower: { skipInline: () => undefined },
      restart: () => Promise.resolve(),
    },
    send: (frame: ClientFrame) => (frame.type === 'read-snapshot' ? asked.push(frame.offset) > 0 : true),
    askForSign: (onSign: () => void) => {
      signs.push(onSign)
      return () => void signs.splice(signs.indexOf(onSign), 1)
    },
    reopen: () => undefined,
    hasRecords: () => false,
    emit: (_name: string, [{ code }]: [{ code: string }]) => reports.push(code),
  } as unknown as OpeningOptions)
  opening.begin({ present: true, oldestSeq: 1, through: 0, snapshotId: ID, snapshotSeq: 5 } as OpenedFrame)
  const chunk = (offset: number, length: number, snapshotId: Bytes = ID): void =>
    opening.takeChunk({
      type: 'snapshot-chunk',
      document: DOCUMENT,
      snapshotId,
      total,
      offset,
      bytes: new Uint8Array(length),
    } satisfies SnapshotChunkFrame)
  return { asked, signs, reports, chunk }
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
