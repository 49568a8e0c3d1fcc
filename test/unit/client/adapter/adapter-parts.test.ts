import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { applyAwarenessUpdate, Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'

import { AdaptedPresence } from '../../../../client/adapter/adapted-presence.ts'
import { closeOf } from '../../../../client/adapter/close-code.ts'
import { encodeAwareness, encodeAwarenessUpdate, encodeEmptySync } from '../../../../client/adapter/peer-message.ts'
import { ProviderToken } from '../../../../client/hocuspocus/provider-token.ts'
import { readRoomUrl } from '../../../../client/y-websocket/room-url.ts'

describe('close codes', () => {
  it.each([
    [{ transient: true, closeCode: 1006 }, 1006],
    [{ transient: true, closeCode: 4529 }, 4529],
    // Tried once more by the connection itself: the provider must not take it for the end.
    [{ transient: true, closeCode: 4401 }, 1013],
    [{ transient: true, closeCode: 4400 }, 1013],
    [{ transient: false, closeCode: 4409 }, 4409],
    [{ transient: false, closeCode: 1000 }, 4403],
  ])('[CL60] of %j is %i', (reason, code) => {
    expect(closeOf({ ...reason, code: 'NAME', reason: 'words' })).toEqual({ code, text: 'NAME: words' })
  })
})

describe('room URLs', () => {
  it.each([
    ['wss://relay.example/note', 'note'],
    ['wss://relay.example/notes/2026/a b', 'notes/2026/a b'],
    ['wss://relay.example/sync/note', 'note'],
    ['wss://relay.example/synchronous', 'synchronous'],
    ['wss://relay.example//note', '/note'],
    ['wss://relay.example/50%', '50%'],
  ])('[CL64] %s is the relay and the room as it stands', (url, room) => {
    expect(readRoomUrl(url)).toEqual({ audience: 'wss://relay.example/sync', room })
  })
})

describe('messages', () => {
  it('[CL60] are those that y-protocols reads', () => {
    expect([...encodeEmptySync(1)]).toEqual([0, 1, 2, 0, 0])
    expect([...encodeAwareness()]).toEqual([1, 1, 0])
  })
})

describe('presence', () => {
  function presence(): { own: Awareness; adapted: AdaptedPresence; app: Awareness } {
    const doc = new Y.Doc()
    const app = new Awareness(doc)
    const adapted = new AdaptedPresence(doc.clientID, (update) => applyAwarenessUpdate(app, update, 'provider'))
    onTestFinished(() => {
      app.destroy()
      adapted.destroy()
    })
    return { own: adapted.awareness, adapted, app }
  }
  const show = (awareness: Awareness, client: number, clock: number, state: string): void =>
    applyAwarenessUpdate(awareness, encodeAwarenessUpdate([{ client, state }], clock), 'relay')

  it('[CL62] of somebody who set a clock too high does not stay when they are gone', () => {
    const { own, app } = presence()
    show(own, 7, 2 ** 32, '{"user":"mallory"}')
    expect(app.getStates().get(7)).toEqual({ user: 'mallory' })
    // As the sealed document hides them: their clock is forgotten.
    show(own, 7, 2 ** 32 + 1, 'null')
    own.meta.delete(7)
    show(own, 7, 1, '{"user":"carol"}')
    expect(app.getStates().get(7)).toEqual({ user: 'carol' })
  })

  it("[CL62] takes the app's own entry alone, and once", () => {
    const { own, adapted, app } = presence()
    const updates: unknown[] = []
    own.on('update', ({ added, updated }: { added: number[]; updated: number[] }) =>
      updates.push([...added, ...updated]),
    )
    const entries = [
      { client: 7, state: '{"user":"mallory"}' },
      { client: app.clientID, state: '{"user":"alice"}' },
    ]
    adapted.takeOwn(encodeAwarenessUpdate(entries, 5))
    adapted.takeOwn(encodeAwarenessUpdate(entries, 6))
    expect([[...own.getStates()], updates]).toEqual([[[app.clientID, { user: 'alice' }]], [[app.clientID]]])
    adapted.hide()
    adapted.hide()
    expect([own.getLocalState(), own.getStates().size]).toEqual([null, 0])
  })

  it('[CL62] hands on everybody else to who asks', () => {
    const { own, adapted, app } = presence()
    own.setLocalState({ user: 'alice' })
    show(own, 7, 1, '{"user":"bob"}')
    const late = new Awareness(new Y.Doc())
    onTestFinished(() => late.destroy())
    applyAwarenessUpdate(late, adapted.others(), 'provider')
    expect(late.getStates().has(app.clientID)).toBe(false)
    expect(late.getStates().get(7)).toEqual({ user: 'bob' })
  })
})

describe("a provider's token", () => {
  beforeEach(() => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
  })

  it('[CL66] is taken as it came while it is fresh', async () => {
    const token = new ProviderToken()
    const ask = vi.fn<() => void>()
    token.askWith(ask)
    token.take('one')
    await vi.advanceTimersByTimeAsync(9_000)
    await expect(token.newest()).resolves.toBe('one')
    expect(ask).not.toHaveBeenCalled()
  })

  it('[CL66] is asked for anew when it is older, and once for all who wait', async () => {
    const token = new ProviderToken()
    token.take('one')
    token.askWith(() => setTimeout(() => token.take('two'), 1_000))
    await vi.advanceTimersByTimeAsync(11_000)
    const both = Promise.all([token.newest(), token.newest()])
    await vi.advanceTimersByTimeAsync(1_000)
    await expect(both).resolves.toEqual(['two', 'two'])
  })

  it('[CL66] is the old one where the provider does not answer, or is gone', async () => {
    const token = new ProviderToken()
    token.take('one')
    token.askWith(() => undefined)
    await vi.advanceTimersByTimeAsync(11_000)
    const newest = token.newest()
    await vi.advanceTimersByTimeAsync(5_000)
    await expect(newest).resolves.toBe('one')
    token.askWith(null)
    await expect(token.newest()).resolves.toBe('one')
  })
})
