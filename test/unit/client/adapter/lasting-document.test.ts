import { SyncError } from '@y-sealed/protocol'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'

import type { AdaptedDocument, Keeper } from '../../../../client/adapter/adapted-document.ts'
import { LastingDocument, type Visitor } from '../../../../client/adapter/lasting-document.ts'
import type { DownReason } from '../../../../client/connection/channel.ts'

const OFFLINE: DownReason = { transient: true, code: 'OFFLINE', closeCode: 1006, reason: '' }
const REMOVED: DownReason = { transient: false, code: 'REMOVED', closeCode: 4403, reason: '' }

/** As far as it is asked: whether it is open, and what is not saved. */
class Document {
  isOpen = true
  unsaved = 0
  readonly destroy = vi.fn<() => void>()
  readonly connect = vi.fn<() => void>()
  readonly part = vi.fn<(isExpected: boolean) => void>()
  readonly rest = vi.fn<() => void>()
}

function visit(): Visitor & { readonly told: string[] } {
  const told: string[] = []
  return {
    told,
    opened: () => void told.push('opened'),
    down: ({ code }) => void told.push(code),
    presence: () => undefined,
    changed: () => undefined,
    beat: () => undefined,
  }
}

function open(): { lasting: LastingDocument; document: Document; keeper: () => Keeper; ended: () => number } {
  const document = new Document()
  let keeper: Keeper | null = null
  const onEnd = vi.fn<() => void>()
  const lasting = new LastingDocument((given) => {
    keeper = given
    return Promise.resolve(document as unknown as AdaptedDocument)
  }, onEnd)
  return { lasting, document, keeper: () => keeper as Keeper, ended: () => onEnd.mock.calls.length }
}

function openNone(fault: Error): LastingDocument {
  const fail = (): Promise<AdaptedDocument> => Promise.reject(fault)
  return new LastingDocument(fail, () => undefined)
}

beforeEach(() => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
})

describe('where the network went', () => {
  it('[CL63] is kept for 60 s for whoever comes back, and then not', async () => {
    const { lasting, document, keeper, ended } = open()
    const [first, second] = [visit(), visit()]
    lasting.enter(first)
    await vi.advanceTimersByTimeAsync(0)
    keeper().down(OFFLINE)
    lasting.leave(first)
    expect([first.told, document.part.mock.lastCall, lasting.isLost]).toEqual([['OFFLINE'], [true], true])
    await vi.advanceTimersByTimeAsync(59_000)
    lasting.enter(second)
    keeper().opened()
    await vi.advanceTimersByTimeAsync(120_000)
    expect([second.told.includes('opened'), document.destroy.mock.calls.length, ended()]).toEqual([true, 0, 0])
    keeper().down(OFFLINE)
    lasting.leave(second)
    await vi.advanceTimersByTimeAsync(59_000)
    expect(document.destroy).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1_001)
    expect([document.destroy.mock.calls.length, ended()]).toEqual([1, 1])
  })
})

describe('where the provider closed', () => {
  it('[CL63] is left as soon as everything is saved', async () => {
    const { lasting, document, keeper } = open()
    const visitor = visit()
    lasting.enter(visitor)
    await vi.advanceTimersByTimeAsync(0)
    keeper().opened()
    document.unsaved = 2
    lasting.leave(visitor)
    await vi.advanceTimersByTimeAsync(2_000)
    expect([document.destroy.mock.calls.length, document.part.mock.lastCall]).toEqual([0, [false]])
    document.unsaved = 0
    await vi.advanceTimersByTimeAsync(100)
    expect(document.destroy).toHaveBeenCalledOnce()
  })

  it('[CL63] is left after 5 s where it is never saved', async () => {
    const { lasting, document } = open()
    const visitor = visit()
    lasting.enter(visitor)
    await vi.advanceTimersByTimeAsync(0)
    document.unsaved = 1
    lasting.leave(visitor)
    await vi.advanceTimersByTimeAsync(4_900)
    expect(document.destroy).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(200)
    expect(document.destroy).toHaveBeenCalledOnce()
  })

  it('[CL63] is left at once where there is no relay to save anything', async () => {
    const { lasting, document } = open()
    const visitor = visit()
    lasting.enter(visitor)
    await vi.advanceTimersByTimeAsync(0)
    Object.assign(document, { unsaved: 1, isOpen: false })
    lasting.leave(visitor)
    await vi.advanceTimersByTimeAsync(100)
    expect(document.destroy).toHaveBeenCalledOnce()
  })

  it('[CL63] before it was there dials for nobody', async () => {
    const { lasting, document, ended } = open()
    const visitor = visit()
    lasting.enter(visitor)
    lasting.leave(visitor)
    await vi.advanceTimersByTimeAsync(200)
    expect([document.connect.mock.calls.length, document.destroy.mock.calls.length, ended()]).toEqual([0, 1, 1])
  })
})

describe('what does not pass', () => {
  it('[CL60] [CL63] is told once, rests with what is typed on, and the next who comes begins anew', async () => {
    const { lasting, document, keeper, ended } = open()
    const [first, second] = [visit(), visit()]
    lasting.enter(first)
    await vi.advanceTimersByTimeAsync(0)
    keeper().down(REMOVED)
    expect([first.told, document.rest.mock.calls.length, document.destroy.mock.calls.length]).toEqual([
      ['REMOVED'],
      1,
      0,
    ])
    const before = keeper()
    lasting.enter(second)
    await vi.advanceTimersByTimeAsync(0)
    expect([keeper() === before, document.destroy.mock.calls.length, ended()]).toEqual([false, 1, 0])
  })

  it('[CL63] rests no longer than its Y.Doc lives', async () => {
    const { lasting, document, keeper, ended } = open()
    lasting.enter(visit())
    await vi.advanceTimersByTimeAsync(0)
    // While somebody has it, that is the provider's matter.
    keeper().gone()
    expect(document.destroy).not.toHaveBeenCalled()
    keeper().down(REMOVED)
    keeper().gone()
    expect([document.destroy.mock.calls.length, ended()]).toEqual([1, 1])
  })

  it.each([
    [new SyncError('KEY_STORE_DAMAGED', 'why'), 'KEY_STORE_DAMAGED'],
    [new TypeError('why'), 'SETUP_REFUSED'],
  ])('[CL60] is that it cannot be opened: %s', async (fault, code) => {
    const reasons: DownReason[] = []
    const lasting = openNone(fault)
    const visitor: Visitor = {
      ...visit(),
      down: (reason) => {
        reasons.push(reason)
        lasting.leave(visitor)
        // A listener of the close may connect again at once.
        if (reasons.length === 1) lasting.enter(visitor)
      },
    }
    lasting.enter(visitor)
    await vi.advanceTimersByTimeAsync(0)
    const reason = { transient: false, code, closeCode: 4400, reason: 'why' }
    expect(reasons).toEqual([reason, reason])
  })
})
