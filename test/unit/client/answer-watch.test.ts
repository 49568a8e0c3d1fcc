/** When a relay that does not answer is said to withhold: not while its answer may be on its way. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { watchAnswer } from '../../../client/connection/answer-watch.ts'
import { openOnToldRelay } from '../../support/told-relay.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function watch() {
  const signs: (() => void)[] = []
  const onOverdue = vi.fn<() => void>()
  const cancel = watchAnswer((onSign) => {
    signs.push(onSign)
    return () => void signs.splice(signs.indexOf(onSign), 1)
  }, onOverdue)
  return { signs, onOverdue, cancel }
}

it('[K3] a relay that gives a sign of itself after 10 s, and not the answer, withholds it', () => {
  const { signs, onOverdue } = watch()
  vi.advanceTimersByTime(9_999)
  expect(signs).toHaveLength(0)
  vi.advanceTimersByTime(1)
  expect(onOverdue).not.toHaveBeenCalled()
  signs[0]?.()
  vi.advanceTimersByTime(120_000)
  expect(onOverdue).toHaveBeenCalledTimes(1)
  expect(signs).toHaveLength(0)
})

it('[K3] a line on which nothing comes is not suspected before a minute, for the answer may be what fills it', () => {
  const { onOverdue } = watch()
  vi.advanceTimersByTime(59_999)
  expect(onOverdue).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(onOverdue).toHaveBeenCalledTimes(1)
})

it('[K3] when a part of the answer has come, neither time nor a sign tells anything', () => {
  const { signs, onOverdue, cancel } = watch()
  vi.advanceTimersByTime(10_000)
  const [sign] = signs
  cancel()
  expect([sign, signs.length]).toEqual([expect.any(Function), 0])
  vi.advanceTimersByTime(120_000)
  expect(onOverdue).not.toHaveBeenCalled()
})

it('[K3] the sign is the PONG of a PING of its own, and comes once', async () => {
  const { socket, port } = await openOnToldRelay(() => Promise.resolve('token'))
  const [onFirst, onSecond, onThird] = [vi.fn<() => void>(), vi.fn<() => void>(), vi.fn<() => void>()]
  port.askForSign(onFirst)
  port.askForSign(onSecond)
  port.askForSign(onThird)()
  const pings = socket.sent.flatMap((frame) => (frame.type === 'ping' ? [frame.nonce] : []))
  expect(new Set([0, ...pings]).size).toBe(4)
  for (const nonce of [0, pings[1]!, pings[1]!, pings[2]!]) socket.say({ type: 'pong', nonce })
  expect([onFirst, onSecond, onThird].map(({ mock }) => mock.calls.length)).toEqual([0, 1, 0])
})
