/** What was, by whom and when: on every device, also on one that came later. */
import type { SealedDocument, Version } from '@y-sealed/client'
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest'
import * as Y from 'yjs'

import { createPerson, eventually, expectText, textOf, write } from '../support/person.ts'

const relay = inject('relay')
const NOON = Date.UTC(2026, 0, 1, 12)
const MINUTE = 60_000

/** This device's clock says so many minutes past noon. */
function setClock(minutes: number): void {
  vi.useFakeTimers({ now: NOON + minutes * MINUTE, toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
}

/** Names, minutes past noon and name of each version. */
function linesOf(versions: readonly Version[]): readonly string[] {
  return versions.map(({ authors, earliest, latest, name }) => {
    const [from, to] = [earliest, latest].map((time) => Math.round(((time?.getTime() ?? Number.NaN) - NOON) / MINUTE))
    return `${authors.map((author) => author.name).join(' and ')} ${from}-${to}${name === null ? '' : ` "${name}"`}`
  })
}

async function invite(document: SealedDocument, name: string, role: 'reader' | 'writer'): Promise<SealedDocument> {
  const { documents } = await createPerson({ relay, name })
  const joined = await documents.openDocument(await document.invite({ role, expires: null }))
  await joined.provider.whenSynced()
  return joined
}

/** Alice writes at noon; Bob ten minutes later; both at half past, and Alice deletes what Bob wrote first. */
async function writeTogether(): Promise<{ readonly alices: SealedDocument; readonly bobs: SealedDocument }> {
  setClock(0)
  const { documents } = await createPerson({ relay, name: 'Alice' })
  const alices = await documents.createDocument()
  await write(alices, 'Dear all, ')
  const bobs = await invite(alices, 'Bob', 'writer')
  await expectText(bobs, 'Dear all, ')
  setClock(10)
  await write(bobs, 'I agree. ')
  setClock(30)
  await expectText(alices, 'Dear all, I agree. ')
  alices.doc.getText('note').delete(10, 9)
  await alices.provider.whenSaved()
  await expectText(bobs, 'Dear all, ')
  await write(bobs, 'I do not. ')
  await expectText(alices, 'Dear all, I do not. ')
  await write(alices, 'Why?')
  await expectText(bobs, 'Dear all, I do not. Why?')
  return { alices, bobs }
}

describe('the history of a document', () => {
  it('[HI1] lists who wrote when, newest first, alike on every device, also one that came later', async () => {
    const { alices, bobs } = await writeTogether()
    const carols = await invite(alices, 'Carol', 'reader')
    for (const document of [alices, bobs, carols]) {
      const { versions, next } = await document.history().versions()
      expect(linesOf(versions)).toEqual(['Alice and Bob 30-30', 'Bob 10-10', 'Alice 0-0'])
      expect(next).toBeNull()
    }
    const [newest] = (await bobs.history().versions()).versions
    expect(newest?.authors.map(({ isMe }) => isMe)).toEqual([false, true])
  })

  it('[HI1] comes in pages', async () => {
    const { bobs } = await writeTogether()
    const history = bobs.history()
    const first = await history.versions({ limit: 2 })
    expect(linesOf(first.versions)).toEqual(['Alice and Bob 30-30', 'Bob 10-10'])
    const second = await history.versions({ limit: 2, before: first.next as number })
    expect([linesOf(second.versions), second.next]).toEqual([['Alice 0-0'], null])
    await expect(history.versions({ limit: 0 })).rejects.toThrow(RangeError)
  })

  it('[HI1] names people that are gone', async () => {
    const { alices, bobs } = await writeTogether()
    const bob = alices.members().find(({ name }) => name === 'Bob')
    await alices.remove(bob?.id ?? '')
    expect(linesOf((await alices.history().versions()).versions)).toContain('Bob 10-10')
    await eventually(() => expect(bobs.role).toBe('none'))
  })

  it('[HI2] shows each version as it was, and leaves the document alone', async () => {
    const { bobs } = await writeTogether()
    const { versions } = await bobs.history().versions()
    const texts = await Promise.all(
      versions.map(async ({ seq }) => (await bobs.history().at(seq)).getText('note').toJSON()),
    )
    expect(texts).toEqual(['Dear all, I do not. Why?', 'Dear all, I agree. ', 'Dear all, '])
    expect(textOf(bobs)).toBe('Dear all, I do not. Why?')
    for (const seq of [0, 1.5, 1_000]) {
      await expect(bobs.history().at(seq)).rejects.toMatchObject({ code: 'NO_SUCH_VERSION' })
    }
  })

  it('[HI3] brings a version back as a new edit, for everybody, and keeps what others write meanwhile', async () => {
    const { alices, bobs } = await writeTogether()
    const { versions } = await bobs.history().versions()
    const { seq } = versions[1] as Version
    const before = bobs.provider.head.seq
    alices.provider.disconnect()
    alices.doc.getText('note').insert(0, 'Meanwhile: ')
    setClock(60)
    await bobs.history().restore(seq)
    expect(textOf(bobs)).toBe('Dear all, I agree. ')
    await bobs.provider.whenSaved()
    alices.provider.connect()
    await expectText(alices, 'Meanwhile: Dear all, I agree. ')
    await expectText(bobs, 'Meanwhile: Dear all, I agree. ')
    expect(bobs.provider.head.seq).toBeGreaterThan(before)
    // Nothing was rewound: the versions in between are still there, and the restoring is one more.
    await eventually(() => expect(alices.provider.unsyncedChanges).toBe(0))
    const lines = linesOf((await alices.history().versions()).versions)
    expect(lines.slice(-3)).toEqual(['Alice and Bob 30-30', 'Bob 10-10', 'Alice 0-0'])
    expect(lines.length).toBeGreaterThan(3)
  })

  it('[HI3] can be undone, where the app tracks it', async () => {
    const { bobs } = await writeTogether()
    const undo = new Y.UndoManager(bobs.doc.getText('note'), { trackedOrigins: new Set(['restore']) })
    const [, , first] = (await bobs.history().versions()).versions
    await bobs.history().restore(first?.seq ?? 0, { origin: 'restore' })
    expect(textOf(bobs)).toBe('Dear all, ')
    undo.undo()
    expect(textOf(bobs)).toBe('Dear all, I do not. Why?')
  })

  it('[HI3] [HI4] is not for readers to change', async () => {
    const { alices } = await writeTogether()
    const carols = await invite(alices, 'Carol', 'reader')
    const [newest] = (await carols.history().versions()).versions
    await expect(carols.history().restore(newest?.seq ?? 0)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(() => carols.history().name(newest?.seq ?? 0, 'mine')).toThrow(
      expect.objectContaining({ code: 'FORBIDDEN' }),
    )
  })

  it('[HI4] has names that all members see, that split a sitting, and that can be changed and taken away', async () => {
    const { alices, bobs } = await writeTogether()
    const history = bobs.history()
    const [, second] = (await history.versions()).versions as [Version, Version]
    history.name(second.seq, 'Bob agrees')
    await bobs.provider.whenSaved()
    const names = async (document: SealedDocument): Promise<readonly string[]> =>
      linesOf((await document.history().versions()).versions).filter((line) => line.includes('"'))
    await vi.waitFor(async () => expect(await names(alices)).toEqual(['Bob 10-10 "Bob agrees"']))
    alices.history().name(second.seq, 'Agreement')
    await alices.provider.whenSaved()
    await vi.waitFor(async () => expect(await names(bobs)).toEqual(['Bob 10-10 "Agreement"']))
    history.name(second.seq, '')
    expect(await names(bobs)).toEqual([])
    expect(() => history.name(second.seq, 'x'.repeat(201))).toThrow(RangeError)
    expect(() => history.name(9_999, 'x')).toThrow(expect.objectContaining({ code: 'NO_SUCH_VERSION' }))
  })

  it('[HI5] says who added and who removed what', async () => {
    const { bobs } = await writeTogether()
    const [newest, , oldest] = (await bobs.history().versions()).versions as [Version, Version, Version]
    const { pieces } = await bobs.history().diff(oldest.seq, newest.seq)
    expect(pieces.map(({ change, by, text, root }) => [change, by?.name ?? null, text, root])).toEqual([
      ['kept', null, 'Dear all, ', 'note'],
      ['added', 'Bob', 'I do not. ', 'note'],
      ['added', 'Alice', 'Why?', 'note'],
    ])
    const [, second] = (await bobs.history().versions()).versions as [Version, Version]
    const later = await bobs.history().diff(second.seq, newest.seq)
    expect(later.pieces.map(({ change, by, text }) => [change, by?.name ?? null, text])).toEqual([
      ['kept', null, 'Dear all, '],
      ['removed', 'Alice', 'I agree. '],
      ['added', 'Bob', 'I do not. '],
      ['added', 'Alice', 'Why?'],
    ])
    const delta = later.doc.getText('note').toDelta(later.after, later.before) as { insert: string }[]
    expect(delta.map(({ insert }) => insert).join('')).toBe('Dear all, I agree. I do not. Why?')
    const whole = await bobs.history().diff(0, oldest.seq)
    expect(whole.pieces).toMatchObject([{ change: 'added', text: 'Dear all, ', by: { name: 'Alice' } }])
  })
})

describe('history from what the device keeps', () => {
  it('[HI2] [CL13] is read without a relay', async () => {
    const { alices, bobs } = await writeTogether()
    bobs.provider.disconnect()
    alices.provider.disconnect()
    const { versions } = await bobs.history().versions()
    const past = await bobs.history().at((versions[2] as Version).seq)
    expect(past.getText('note').toJSON()).toBe('Dear all, ')
    await bobs.history().restore((versions[2] as Version).seq)
    expect(textOf(bobs)).toBe('Dear all, ')
    expect(bobs.provider.unsyncedChanges).toBe(1)
  })
})
