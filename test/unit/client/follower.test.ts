/** Who asks for what, and when: the log itself is a stand-in that takes everything. */
import { cryptoReady, readWholeEnvelope, type Envelope, type OpenedFrame, type SignedHead } from '@y-sealed/protocol'
import { expect, it, onTestFinished, vi } from 'vitest'

import type { DocumentLog, LogEntry } from '../../../client/log/document-log.ts'
import { LogFollower } from '../../../client/log/follower.ts'
import { signHead } from '../../../server/core/signed-head.ts'
import { createTestDevice } from '../../support/raw-client.ts'
import { createRoomDocument, TestWriter } from '../../support/room-document.ts'

await cryptoReady()

function createScene() {
  const document = createRoomDocument()
  const device = createTestDevice()
  const headKey = { publicKey: device.signPublic, sign: (message: Uint8Array<ArrayBuffer>) => device.sign(message) }
  const transcript = new Uint8Array(32)
  const log = { head: { seq: 0, transcript }, waitingAt: null, givenUp: [] }
  /** What the log says to a signed head of a place that it has. */
  const fit = { is: 'same' }
  const events: string[] = []
  const reads: number[] = []
  const signs: (() => void)[] = []
  const onWithheld = vi.fn<(seq: number) => void>()
  const follower = new LogFollower({
    documentId: document.id,
    log: {
      ...log,
      get head() {
        return log.head
      },
      compareTranscript: (seq: number) => (seq <= log.head.seq ? fit.is : 'unknown'),
      restart: () => (log.head = { ...log.head, seq: 0 }),
      take: (entries: readonly LogEntry[]) => {
        log.head = { ...log.head, seq: log.head.seq + entries.length }
        return []
      },
    } as unknown as DocumentLog,
    headKey: () => device.signPublic,
    read: (after) => reads.push(after) > 0,
    askForSign: (onSign) => {
      signs.push(onSign)
      return () => void signs.splice(signs.indexOf(onSign), 1)
    },
    onOutcomes: () => {},
    onCaughtUp: () => {},
    onForked: () => events.push('forked'),
    onSpoilt: ({ code }) => events.push(`spoilt: ${code}`),
    onFallen: (_frame, code) => events.push(`fallen: ${code}`),
    onHeld: () => {},
    onWaiting: () => {},
    onWithheld,
    onMadeGood: () => {},
    onDoubt: () => events.push('doubt'),
  })
  const envelope = readWholeEnvelope(new TestWriter(document, device).genesis().envelope.bytes) as Envelope
  const offer = (from: number, count: number): void =>
    follower.offer(Array.from({ length: count }, (_, i) => ({ seq: from + i, envelope })))
  const headAt = (seq: number): SignedHead => signHead(headKey, document.id, { seq, transcript })
  const open = (seq: number, through = seq): void =>
    follower.opened({ present: true, head: headAt(seq), through } as OpenedFrame)
  open(2)
  offer(1, 2)
  return { follower, reads, signs, offer, open, headAt, fit, events, onWithheld }
}

it('[FR14] reads on when live delivery has stopped, until the relay says that its head is reached', () => {
  const { follower, reads, offer, onWithheld } = createScene()
  expect(reads).toEqual([])
  follower.lagged()
  expect(reads).toEqual([2])
  offer(3, 5)
  follower.readDone(false)
  expect(reads).toEqual([2, 7])
  offer(8, 2)
  follower.readDone(true)
  offer(10, 1)
  expect(reads).toEqual([2, 7])
  expect(onWithheld).not.toHaveBeenCalled()
})

it('[FR14] asks even when nothing is missing, for only that resumes delivery, and complains of nobody', () => {
  const { follower, reads, onWithheld } = createScene()
  follower.lagged()
  follower.readDone(true)
  follower.lagged()
  expect(reads).toEqual([2, 2])
  expect(onWithheld).not.toHaveBeenCalled()
})

it('[FR14] asks again after a READ that was refused, and not at all after the socket has gone', () => {
  vi.useFakeTimers()
  try {
    const { follower, reads, onWithheld } = createScene()
    follower.lagged()
    follower.readRefused(3_000)
    vi.advanceTimersByTime(2_999)
    expect(reads).toEqual([2])
    vi.advanceTimersByTime(1)
    expect(reads).toEqual([2, 2])
    follower.readRefused(3_000)
    follower.closed()
    vi.advanceTimersByTime(60_000)
    expect(reads).toEqual([2, 2])
    expect(onWithheld).not.toHaveBeenCalled()
  } finally {
    vi.useRealTimers()
  }
})

it('[CL30] holds what a signed head says against what nobody has signed until an opening tells', () => {
  const { follower, offer, open, headAt, fit, events } = createScene()
  offer(3, 5)
  fit.is = 'different'
  follower.learnHead(headAt(6), 'peer')
  follower.learnHead(headAt(7), 'relay')
  expect(events).toEqual(['doubt'])
  // The relay does not know the log to which it is said to have told: that is read again, and nobody is accused.
  open(7, 0)
  follower.learnHead(headAt(5), 'peer')
  expect(events).toEqual(['doubt', 'fallen: FORK'])
  fit.is = 'same'
  follower.restart()
  open(7)
  offer(1, 7)
  expect(events).toEqual(['doubt', 'fallen: FORK'])
  expect(follower.signedHead?.seq).toBe(7)
})

it('[CL30] [LO4] stops at a signed head that is not that of the log for which the relay vouches', () => {
  const { follower, offer, open, headAt, fit, events } = createScene()
  offer(3, 5)
  fit.is = 'different'
  follower.learnHead(headAt(6), 'peer')
  expect(events).toEqual(['doubt'])
  open(8)
  expect(events).toEqual(['doubt', 'forked'])
})

it('[LO4] stops at once at a head that is not that of a log which the relay has signed further on', () => {
  const { follower, headAt, fit, events } = createScene()
  fit.is = 'different'
  follower.learnHead(headAt(1), 'peer')
  expect(events).toEqual(['forked'])
})

it('[K3] entries that come one by one, each after 50 s, are no sign of a relay that withholds', () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const { offer, open, signs, onWithheld } = createScene()
  open(6, 2)
  for (let seq = 3; seq < 6; seq++) {
    vi.advanceTimersByTime(50_000)
    offer(seq, 1)
  }
  expect(onWithheld).not.toHaveBeenCalled()
  vi.advanceTimersByTime(10_000)
  signs[0]?.()
  expect(onWithheld.mock.calls).toEqual([[6]])
})

it('[K3] entries that do not follow gain a relay no time', () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const { offer, open, onWithheld } = createScene()
  open(9, 2)
  for (let seq = 4; seq < 10; seq++) {
    expect(onWithheld).not.toHaveBeenCalled()
    vi.advanceTimersByTime(10_000)
    offer(seq, 1)
  }
  expect(onWithheld.mock.calls).toEqual([[3]])
})
