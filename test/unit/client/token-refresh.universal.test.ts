/** A new token in the middle of a grant: asked for when the device's role has changed, and again where it was not to be had. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { TokenDeniedError } from '../../../client/token/issuer-token.ts'
import { openOnToldRelay, settle, type ToldSocket } from '../../support/told-relay.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const refreshes = ({ sent }: ToldSocket): string[] =>
  sent.flatMap((frame) => (frame.type === 'refresh' ? [frame.token] : []))

it('[AU7] [AU13] is asked for and handed over at once', async () => {
  let count = 0
  const { socket, port } = await openOnToldRelay(() => Promise.resolve(`token-${(count += 1)}`))
  expect(socket.sent.map(({ type }) => type)).toEqual(['hello', 'open'])
  port.refresh()
  await settle()
  expect(refreshes(socket)).toEqual(['token-2'])
})

it('[AU7] is asked for again after 10 s where the issuer could not be reached', async () => {
  let count = 0
  const { socket, port } = await openOnToldRelay(() => {
    count += 1
    return count === 2 ? Promise.reject(new Error('unreachable')) : Promise.resolve(`token-${count}`)
  })
  port.refresh()
  await settle()
  await vi.advanceTimersByTimeAsync(9_999)
  expect([count, refreshes(socket)]).toEqual([2, []])
  await vi.advanceTimersByTimeAsync(1)
  expect([count, refreshes(socket)]).toEqual([3, ['token-3']])
})

it('[AU10] is not asked for again where the issuer refuses', async () => {
  let count = 0
  const { socket, port } = await openOnToldRelay(() => {
    count += 1
    return count === 1 ? Promise.resolve('token-1') : Promise.reject(new TokenDeniedError('NOT_A_MEMBER', 'no member'))
  })
  port.refresh()
  await settle()
  await vi.advanceTimersByTimeAsync(60_000)
  expect([count, refreshes(socket)]).toEqual([2, []])
})
