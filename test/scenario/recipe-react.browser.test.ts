/** The recipe for React, in StrictMode, over a real relay; and the vanilla one's opening and words. */
import { SealedDocuments, wipeBrowserStorage, type SyncStatus } from '@y-sealed/client'
import { createElement, StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { expect, inject, it, onTestFinished, vi } from 'vitest'
import { userEvent } from 'vitest/browser'

import { NotePage } from '../../client/recipes/react/note.tsx'
import { keepNotes, openDevice, openNote, showStatus, statusText } from '../../client/recipes/vanilla/open-note.ts'
import { createPerson, documentsOptions } from '../support/person.ts'
import { countSockets } from '../support/socket-counter.ts'

const relay = inject('relay')

it('the recipe for React shows a note, who is there and what may be said, by one socket', async () => {
  const { documents } = await createPerson({ relay, name: 'Alice' })
  const note = await documents.createDocument()
  note.doc.getText('title').insert(0, 'Shopping')
  note.awareness.setLocalStateField('user', { name: 'Alice' })
  const link = await note.invite()
  const { Sockets, sockets } = countSockets()
  const bob = await SealedDocuments.open({ ...(await documentsOptions({ relay, name: 'Bob' })), WebSocket: Sockets })
  onTestFinished(() => bob.close())
  ;(await bob.openDocument(link)).close()
  sockets.splice(0)
  const host = document.createElement('div')
  document.body.append(host)
  const root = createRoot(host)
  onTestFinished(() => {
    root.unmount()
    host.remove()
  })
  const page = createElement(NotePage, { documents: bob, link, userName: 'Bob' })
  root.render(createElement(StrictMode, null, page))
  await vi.waitFor(() => expect(host.querySelector('h1')?.textContent).toBe('Shopping'), { timeout: 15_000 })
  await vi.waitFor(() => expect(host.querySelector('header p')?.textContent).toBe('Here: Alice · 2 may read'), {
    timeout: 10_000,
  })
  await vi.waitFor(() => expect(host.querySelector('output')?.textContent).toBe('Saved'), { timeout: 10_000 })
  const field = host.querySelector('[contenteditable=true]') as HTMLElement
  await userEvent.click(field)
  await userEvent.keyboard('milk')
  await vi.waitFor(() => expect(note.doc.getXmlFragment('default').toJSON()).toContain('milk'), { timeout: 10_000 })
  expect(sockets).toHaveLength(1)
})

it('the vanilla recipe opens a note by the address bar, clears it, and says how the note is', async () => {
  const device = await openDevice('Bob', relay.url)
  onTestFinished(async () => {
    device.close()
    await wipeBrowserStorage()
  })
  const { documents } = await createPerson({ relay, name: 'Alice' })
  const made = await documents.createDocument()
  const link = new URL(await made.invite({ app: 'https://app.example/' }))
  const before = location.href
  const note = await openNote(device, { href: link.href, hash: link.hash, pathname: location.pathname } as Location)
  expect(location.hash).toBe('')
  history.replaceState(null, '', before)
  const status = document.createElement('output')
  showStatus(note, status)
  await vi.waitFor(() => expect(status.textContent).toBe('Saved'), { timeout: 10_000 })
  await keepNotes(device)
  expect(note.provider.syncStatus.storage).toMatch(/^(kept|evictable)$/)
  const fresh = await openNote(device, { href: 'https://app.example/', hash: '', pathname: '/' } as Location)
  expect(fresh.id).not.toBe(note.id)
  expect(fresh.provider.syncStatus.storage).toBe(note.provider.syncStatus.storage)
})

it('every state has words of its own', () => {
  const known = { unsaved: 0, isKept: true, readOnly: false, storage: 'kept' } as const
  const problem = { code: 'TOO_LARGE', message: 'an edit is too large' }
  const report = { code: 'ENTRY_REFUSED', seq: 1, fatal: false } as const
  const reason = { transient: false, code: 'REMOVED', closeCode: 4403, reason: 'this device is no longer a member' }
  const states: readonly SyncStatus[] = [
    { ...known, kind: 'saved' },
    { ...known, kind: 'syncing' },
    { ...known, kind: 'offline' },
    { ...known, kind: 'offline', storage: 'off' },
    { ...known, kind: 'offline', isKept: false },
    { ...known, kind: 'view-only' },
    { ...known, kind: 'blocked', problem },
    { ...known, kind: 'set-aside', edits: [] },
    { ...known, kind: 'tampered', report },
    { ...known, kind: 'rolled-back', report },
    { ...known, kind: 'spoilt', report },
    { ...known, kind: 'closed', reason },
  ]
  expect(new Set(states.map(statusText)).size).toBe(states.length)
})
