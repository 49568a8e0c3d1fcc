/** The hooks in React 19 with StrictMode, over a real relay. */
import { SealedDocuments, type SealedDocument, type SealedProvider } from '@y-sealed/client'
import {
  useDocument,
  useMembers,
  usePresence,
  useProvider,
  useSyncStatus,
  useYMap,
  useYText,
} from '@y-sealed/client/react'
import { createElement, StrictMode, useState, type ReactElement, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { expect, inject, it, onTestFinished, vi } from 'vitest'
import * as Y from 'yjs'

import { createRoom, join } from '../support/peer.ts'
import { createPerson, documentsOptions, write } from '../support/person.ts'
import { countSockets } from '../support/socket-counter.ts'

const relay = inject('relay')
const SOCKET_OPEN = 1

interface Mounted {
  readonly host: HTMLElement
  readonly render: (content: ReactNode) => void
  readonly unmount: () => void
}

/** Errors and warnings that React writes to the console fail the test. */
function mount(content: ReactNode): Mounted {
  const complaints = vi.spyOn(console, 'error')
  const host = document.createElement('div')
  document.body.append(host)
  const root = createRoot(host)
  const render = (next: ReactNode): void => root.render(createElement(StrictMode, null, next))
  render(content)
  onTestFinished(() => {
    root.unmount()
    host.remove()
    expect(complaints).not.toHaveBeenCalled()
    complaints.mockRestore()
  })
  return { host, render, unmount: () => root.unmount() }
}

async function shows(host: HTMLElement, text: string): Promise<void> {
  await vi.waitFor(() => expect(host.textContent).toBe(text), { timeout: 15_000 })
}

/** Alice has a note; Bob's page counts its sockets. */
async function setScene(): Promise<{
  readonly alice: SealedDocument
  readonly link: string
  readonly bob: SealedDocuments
  readonly sockets: { readonly readyState: number }[]
}> {
  const { documents } = await createPerson({ relay, name: 'Alice' })
  const alice = await documents.createDocument()
  await write(alice, 'milk')
  const link = await alice.invite()
  const { Sockets, sockets } = countSockets()
  const bob = await SealedDocuments.open({ ...(await documentsOptions({ relay, name: 'Bob' })), WebSocket: Sockets })
  onTestFinished(() => bob.close())
  // Joining uses a connection of its own: here the sockets of reading are counted.
  ;(await bob.openDocument(link)).close()
  await vi.waitFor(() => expect(sockets.some(({ readyState }) => readyState <= SOCKET_OPEN)).toBe(false))
  sockets.splice(0)
  return { alice, link, bob, sockets }
}

interface NoteProps {
  readonly documents: SealedDocuments
  readonly link: string
}

function Note({ documents, link }: NoteProps): ReactElement {
  const { document, state, error } = useDocument(documents, link)
  const text = useYText(document?.doc.getText('note') ?? null)
  const { kind } = useSyncStatus(document?.provider ?? null)
  const members = useMembers(document)
  const names = members.map(({ name, role }) => `${name ?? '?'}:${role}`).join(',')
  return createElement('p', null, `${state} ${kind} "${text}" ${names}${error instanceof Error ? error.message : ''}`)
}

it('opens one socket for a double mount and two components, follows the note, and closes when nobody looks', async () => {
  const { alice, link, bob, sockets } = await setScene()
  const one = createElement(Note, { documents: bob, link })
  const { host, unmount } = mount([createElement('div', { key: 1 }, one), createElement('div', { key: 2 }, one)])
  const note = 'open saved "milk" Alice:admin,Bob:writer'
  await shows(host, note + note)
  expect(sockets).toHaveLength(1)
  await write(alice, ', bread')
  await vi.waitFor(() => expect(host.textContent).toContain('"milk, bread"'), { timeout: 10_000 })
  const [{ id } = { id: '' }] = alice.members().filter(({ isMe }) => !isMe)
  await alice.setRole(id, 'reader')
  await vi.waitFor(() => expect(host.textContent).toContain('view-only'), { timeout: 10_000 })
  expect(host.textContent).toContain('Bob:reader')
  unmount()
  await vi.waitFor(() => expect(sockets[0]?.readyState).toBeGreaterThan(SOCKET_OPEN), { timeout: 5_000 })
})

it('keeps the document from one screen to the next', async () => {
  const { link, bob, sockets } = await setScene()
  const screen = (key: string): ReactElement =>
    createElement('section', { key }, createElement(Note, { documents: bob, link }))
  const { host, render } = mount(screen('list'))
  await vi.waitFor(() => expect(host.textContent).toContain('saved "milk"'), { timeout: 15_000 })
  render(screen('editor'))
  await vi.waitFor(() => expect(host.textContent).toContain('saved "milk"'), { timeout: 15_000 })
  // Longer than a lease outlives its last component.
  await new Promise((resolve) => setTimeout(resolve, 1_300))
  expect(sockets).toHaveLength(1)
  expect(host.textContent).toContain('saved "milk"')
})

it('closes it under nobody who has borrowed it, by a link or by its id', async () => {
  const { link, bob, sockets } = await setScene()
  const { id } = await bob.withDocument(link, async (note) => await Promise.resolve(note))
  const byLink = createElement(Note, { documents: bob, link, key: 1 })
  const byId = createElement(Note, { documents: bob, link: id, key: 2 })
  const { host, render, unmount } = mount([byLink, byId])
  const note = 'open saved "milk" Alice:admin,Bob:writer'
  await shows(host, note + note)
  const { document: shown, giveBack } = await bob.borrowDocument(id)
  const ended = vi.fn()
  shown.on('ended', ended)
  const close = vi.spyOn(shown, 'close')
  render([byId])
  await vi.waitFor(() => expect(close).toHaveBeenCalledTimes(1), { timeout: 10_000 })
  await shows(host, note)
  unmount()
  await vi.waitFor(() => expect(close).toHaveBeenCalledTimes(2), { timeout: 10_000 })
  expect(ended).not.toHaveBeenCalled()
  giveBack()
  expect(ended).toHaveBeenCalledTimes(1)
  await vi.waitFor(() => expect(sockets.some(({ readyState }) => readyState <= SOCKET_OPEN)).toBe(false))
})

it('says why a document did not open, and tries again when it is mounted anew', async () => {
  const { bob } = await setScene()
  const unknown = 'A'.repeat(22)
  const { host, render } = mount(createElement(Note, { documents: bob, link: unknown, key: 1 }))
  await vi.waitFor(() => expect(host.textContent).toContain('failed'), { timeout: 10_000 })
  expect(host.textContent).toContain('this device does not know that document')
  const ask = vi.spyOn(bob, 'borrowDocument')
  render(createElement(Note, { documents: bob, link: unknown, key: 2 }))
  await vi.waitFor(() => expect(ask).toHaveBeenCalled())
})

it('makes one provider for each document of a connection, and destroys it when nobody looks', async () => {
  const accessOf = await createRoom()
  const { connection } = await join({ relay, access: accessOf(), provider: { connect: false } })
  const providers = new Set<SealedProvider>()
  function Room(): ReactElement {
    const [options] = useState(() => ({ connection, access: accessOf(), doc: new Y.Doc() }))
    const provider = useProvider(options)
    if (provider !== null) providers.add(provider)
    const names = usePresence(provider, (present) => present.map(({ state }) => state['name']))
    const settings = useYMap(provider?.doc.getMap('settings') ?? null)
    return createElement('p', null, `${names.join('+')} ${JSON.stringify(settings)}`)
  }
  const { host, unmount } = mount([createElement(Room, { key: 1 }), createElement(Room, { key: 2 })])
  await vi.waitFor(() => expect([...providers].map(({ synced }) => synced)).toEqual([true]), { timeout: 15_000 })
  const [provider] = providers
  const carol = await join({ relay, access: accessOf() })
  carol.provider.awareness.setLocalState({ name: 'Carol' })
  carol.doc.getMap('settings').set('dark', true)
  await vi.waitFor(() => expect(host.textContent).toContain('+Carol {"dark":true}'), { timeout: 10_000 })
  const ended = vi.fn()
  provider?.on('destroy', ended)
  unmount()
  await vi.waitFor(() => expect(ended).toHaveBeenCalledTimes(1), { timeout: 5_000 })
  expect(providers.size).toBe(1)
})

it('renders anew only when what it selects of presence is something else', async () => {
  const accessOf = await createRoom()
  const [{ provider }, carol] = [await join({ relay, access: accessOf() }), await join({ relay, access: accessOf() })]
  let renders = 0
  function Names(): ReactElement {
    renders += 1
    const names = usePresence(provider, (present) =>
      present.flatMap(({ state, isMe }) => (isMe ? [] : [state['name']])),
    )
    return createElement('p', null, names.join('+'))
  }
  carol.provider.awareness.setLocalState({ name: 'Carol', cursor: 0 })
  const { host } = mount(createElement(Names))
  await shows(host, 'Carol')
  const before = renders
  const carets: unknown[] = []
  provider.awareness.on('change', () => carets.push(null))
  for (let cursor = 1; cursor < 4; cursor += 1) {
    carol.provider.awareness.setLocalStateField('cursor', cursor)
    await vi.waitFor(() => expect(carets.length).toBeGreaterThanOrEqual(cursor), { timeout: 10_000 })
  }
  expect(renders).toBe(before)
  carol.provider.awareness.setLocalStateField('name', 'Caroline')
  await shows(host, 'Caroline')
})
