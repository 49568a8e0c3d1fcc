/**
 * Every recipe for an editor, as it stands in client/recipes, in Chromium: two people type in it by a real relay and come to the same, and the
 * relay has none of their words. By a y-websocket server that reads along, the same search finds them.
 */
import type { SealedProvider } from '@y-sealed/client'
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest'
import { cdp, commands, userEvent } from 'vitest/browser'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

import { mountBlockNote } from '../../client/recipes/blocknote/mount-blocknote.ts'
import { mountCodeMirror } from '../../client/recipes/codemirror/mount-codemirror.ts'
import { mountLexical } from '../../client/recipes/lexical/mount-lexical.ts'
import { mountProseMirror } from '../../client/recipes/prosemirror/mount-prosemirror.ts'
import { mountQuill } from '../../client/recipes/quill/mount-quill.ts'
import { bindTextarea } from '../../client/recipes/textarea/bind-textarea.ts'
import { mountTiptap } from '../../client/recipes/tiptap/mount-tiptap.ts'
import { recordSockets, type SocketRecord } from '../support/record-sockets.ts'
import { createRoom, join } from '../support/peer.ts'

const relay = inject('relay')
const plaintext = inject('plaintext')

type Bindable = Pick<SealedProvider, 'doc' | 'awareness'>

interface Recipe {
  readonly name: string
  /** Mounts it, and returns what takes it away. */
  readonly mount: (host: HTMLElement, provider: Bindable, userName: string) => () => void
  /** What is typed into. */
  readonly field: string
}

const color = '#0b57d0'

const RECIPES: readonly Recipe[] = [
  {
    name: 'tiptap',
    mount: (host, provider, name) => {
      const editor = mountTiptap(host, provider, { name, color })
      return () => editor.destroy()
    },
    field: '.tiptap',
  },
  {
    name: 'prosemirror',
    mount: (host, provider) => {
      const view = mountProseMirror(host, provider)
      return () => view.destroy()
    },
    field: '.ProseMirror',
  },
  {
    name: 'codemirror',
    mount: (host, provider, name) => {
      const view = mountCodeMirror(host, provider, { name, color })
      return () => view.destroy()
    },
    field: '.cm-content',
  },
  {
    name: 'quill',
    mount: (host, provider, name) => mountQuill(host, provider, { name, color }).destroy,
    field: '.ql-editor',
  },
  { name: 'lexical', mount: (host, provider) => mountLexical(host, provider).destroy, field: '[contenteditable]' },
  {
    name: 'blocknote',
    mount: (host, provider, name) => {
      const editor = mountBlockNote(host, provider, { name, color })
      return () => editor.unmount()
    },
    field: '[contenteditable]',
  },
  {
    name: 'textarea',
    mount: (host, provider) => {
      const field = document.createElement('textarea')
      host.append(field)
      return bindTextarea(field, provider.doc.getText('textarea'))
    },
    field: 'textarea',
  },
]

/** A place to sit at: a provider, and what it takes to type while others are not heard. */
interface Seat {
  readonly provider: Bindable
  pause(): void
  resume(): void
  settled(): Promise<void>
}

/** A way to the other: the relay, or a server that reads along; with all that it got to see. */
interface Way {
  readonly sit: () => Promise<Seat>
  readonly seen: { readonly folder: string; readonly sockets: SocketRecord }
}

async function sealedWay(): Promise<Way> {
  const accessOf = await createRoom()
  const sockets = recordSockets(WebSocket)
  const sit = async (): Promise<Seat> => {
    const { provider } = await join({
      relay,
      access: accessOf(),
      WebSocket: sockets.Socket,
    })
    await provider.whenSynced()
    return {
      provider,
      pause: () => provider.holdRemote(),
      resume: () => provider.releaseRemote(),
      settled: () => provider.whenSaved(),
    }
  }
  return { sit, seen: { folder: relay.data, sockets } }
}

function plaintextWay(): Way {
  const room = crypto.randomUUID()
  const sockets = recordSockets(WebSocket)
  const sit = async (): Promise<Seat> => {
    const provider = new WebsocketProvider(plaintext.url, room, new Y.Doc(), {
      disableBc: true,
      WebSocketPolyfill: sockets.Socket,
    })
    onTestFinished(() => provider.destroy())
    await vi.waitFor(() => expect(provider.synced).toBe(true), { timeout: 10_000 })
    const nothing = (): void => undefined
    return { provider, pause: nothing, resume: nothing, settled: () => Promise.resolve() }
  }
  return { sit, seen: { folder: plaintext.data, sockets } }
}

function word(): string {
  return `canary${crypto.randomUUID().replaceAll('-', '').slice(0, 12)}`
}

interface Mounted {
  readonly seat: Seat
  readonly host: HTMLElement
  readonly field: HTMLElement
  readonly text: () => string
}

async function mount(recipe: Recipe, seat: Seat, userName: string): Promise<Mounted> {
  const host = document.createElement('div')
  host.style.padding = '24px'
  document.body.append(host)
  // Some editors take the element itself.
  const element = host.appendChild(document.createElement('div'))
  const unmount = recipe.mount(element, seat.provider, userName)
  onTestFinished(() => {
    unmount()
    host.remove()
  })
  await vi.waitFor(() => expect(host.querySelector(recipe.field)).not.toBeNull())
  const field = host.querySelector(recipe.field) as HTMLElement
  // Two editors with one text must not be taken for each other.
  field.dataset['testid'] = crypto.randomUUID()
  const text = (): string => textOf(field)
  return { seat, host, field, text }
}

/** What stands in the editor, without the names of others that some paint into it. */
function textOf(field: HTMLElement): string {
  const copy = field.cloneNode(true) as HTMLElement
  for (const painted of copy.querySelectorAll(PAINTED)) painted.remove()
  const text = field instanceof HTMLTextAreaElement ? field.value : (copy.textContent ?? '')
  return text.replaceAll(/[\s\u2060\ufeff]+/gu, ' ').trim()
}

const PAINTED = '.cm-ySelectionCaret, .ProseMirror-yjs-cursor, .bn-collaboration-cursor__base, .ql-cursors'

/** At the end of what is there; editors learn of the caret a moment later than the browser moves it. */
async function type({ field }: Mounted, text: string): Promise<void> {
  field.focus()
  await userEvent.click(field)
  await userEvent.keyboard('{Control>}{End}{/Control}')
  await new Promise((resolve) => setTimeout(resolve, 150))
  await userEvent.keyboard('. ')
  // At once, so that it stands in one piece in whatever is sent.
  await (cdp() as Keyboard).send('Input.insertText', { text })
}

interface Keyboard {
  send(method: 'Input.insertText', params: { text: string }): Promise<void>
}

/** Two people type, the second before hearing of the first; returns what they see and what may not be found. */
async function typeTogether(
  recipe: Recipe,
  way: Way,
): Promise<{ readonly texts: readonly string[]; readonly words: readonly string[] }> {
  const [one, two, name] = [word(), word(), word()]
  const alice = await mount(recipe, await way.sit(), name)
  const bob = await mount(recipe, await way.sit(), name)
  await type(alice, 'start')
  await vi.waitFor(() => expect(bob.text()).toContain('start'), { timeout: 10_000 })
  bob.seat.pause()
  await type(alice, one)
  await vi.waitFor(() => expect(alice.text()).toContain(one), { timeout: 10_000 })
  await alice.seat.settled()
  await type(bob, two)
  await vi.waitFor(() => expect(bob.text()).toContain(two), { timeout: 10_000 })
  bob.seat.resume()
  await vi.waitFor(
    () => {
      expect(alice.text()).toContain(two)
      expect(bob.text()).toBe(alice.text())
    },
    { timeout: 10_000 },
  )
  await bob.seat.settled()
  // Whoever comes later sees the same.
  const carol = await mount(recipe, await way.sit(), name)
  await vi.waitFor(() => expect(carol.text()).toBe(alice.text()), { timeout: 10_000 })
  return { texts: [alice.text(), bob.text(), carol.text()], words: [one, two, name] }
}

async function findWords({ seen }: Way, words: readonly string[]): Promise<readonly string[]> {
  return await commands.findWords(seen.folder, seen.sockets.base64(), words)
}

describe.each(RECIPES)('the recipe for $name', { timeout: 60_000 }, (recipe) => {
  it('brings two people’s typing together, and the relay has no word of it', async () => {
    const way = await sealedWay()
    const { texts, words } = await typeTogether(recipe, way)
    const [one, two] = words as [string, string]
    for (const text of texts) {
      expect(text).toContain(one)
      expect(text).toContain(two)
      expect(text.split('start')).toHaveLength(2)
    }
    expect(way.seen.sockets.bytes).toBeGreaterThan(1_000)
    expect(await findWords(way, words)).toEqual([])
  })

  it('is read along by a server in the clear, where the same search finds it', async () => {
    const way = plaintextWay()
    const { words } = await typeTogether(recipe, way)
    expect(await findWords(way, words)).toEqual([expect.stringMatching(/^document-/), 'messages', 'wire'])
  })
})
