/**
 * Tiptap as an app has it today, on the published y-websocket over our class, beside one on SealedProvider and one on Hocuspocus: one document, a
 * real relay, real keys.
 */
import { Editor, Extension, type Extensions } from '@tiptap/core'
import { Collaboration } from '@tiptap/extension-collaboration'
import { Document } from '@tiptap/extension-document'
import { Paragraph } from '@tiptap/extension-paragraph'
import { Text } from '@tiptap/extension-text'
import type { Plugin } from '@tiptap/pm/state'
import { yCursorPlugin } from '@tiptap/y-tiptap'
import { sharedKeyDocument } from '@y-sealed/client'
import { remoteCarets } from '@y-sealed/client/tiptap'
import { cryptoReady } from '@y-sealed/protocol'
import { beforeAll, describe, expect, inject, it, onTestFinished, vi } from 'vitest'
import { userEvent } from 'vitest/browser'
import type { Awareness } from 'y-protocols/awareness'
import type * as Y from 'yjs'

import { joinHocuspocus } from '../support/adapters/hocuspocus-peer.ts'
import { createNetwork } from '../support/adapters/network.ts'
import { createAppRoom, joinStock, type AppRoom } from '../support/adapters/y-websocket-peer.ts'
import { join } from '../support/peer.ts'

beforeAll(cryptoReady)

const relay = inject('relay')
const SLOW = { timeout: 15_000 }

function openEditor(doc: Y.Doc, carets: Extensions): { readonly editor: Editor; readonly host: HTMLElement } {
  const host = document.createElement('div')
  document.body.append(host)
  const collaboration = Collaboration.configure({ document: doc })
  const editor = new Editor({ element: host, extensions: [Document, Paragraph, Text, collaboration, ...carets] })
  onTestFinished(() => {
    editor.destroy()
    host.remove()
  })
  return { editor, host }
}

/** Carets as the bindings of Yjs draw them, off the provider's awareness. */
function stockCarets(awareness: Awareness, name: string): Extensions {
  awareness.setLocalStateField('user', { name, color: '#0b57d0' })
  const plugin = yCursorPlugin(awareness) as Plugin
  return [Extension.create({ name: 'carets', addProseMirrorPlugins: () => [plugin] })]
}

async function sitDown(room: AppRoom) {
  const stock = await joinStock({ relay, ...room })
  const sealed = await join({ relay, access: sharedKeyDocument(room) })
  await sealed.provider.whenSynced()
  await vi.waitFor(() => expect(stock.provider.synced).toBe(true), SLOW)
  const alice = openEditor(stock.doc, stockCarets(stock.provider.awareness, 'Alice'))
  const bob = openEditor(sealed.doc, [remoteCarets(sealed.provider, { user: { name: 'Bob' } })])
  await vi.waitFor(() => expect(alice.editor.view.dom.isConnected && bob.editor.view.dom.isConnected).toBe(true))
  return { alice, bob, stock, sealed }
}

async function typeAt({ editor }: { readonly editor: Editor }, place: 'start' | 'end', keys: string): Promise<void> {
  editor.commands.focus(place)
  await vi.waitFor(() => expect(editor.isFocused).toBe(true))
  await userEvent.keyboard(keys)
}

describe('Tiptap on y-websocket over our class', () => {
  it('[CL61] edits one document with Tiptap on SealedProvider, key by key', async () => {
    const { alice, bob } = await sitDown(createAppRoom())
    await typeAt(alice, 'end', 'Dear all,{Enter}')
    await vi.waitFor(() => expect(bob.editor.getHTML()).toBe('<p>Dear all,</p><p></p>'), SLOW)
    await typeAt(bob, 'end', 'yours, Bob')
    await vi.waitFor(() => expect(alice.editor.getText()).toContain('yours, Bob'), SLOW)
    await typeAt(alice, 'start', '1. ')
    await vi.waitFor(() => expect(bob.editor.getHTML()).toBe(alice.editor.getHTML()), SLOW)
    expect(alice.editor.getHTML()).toBe('<p>1. Dear all,</p><p>yours, Bob</p>')
  })

  it('[CL61] undoes its own keys alone', async () => {
    const { alice, bob } = await sitDown(createAppRoom())
    await typeAt(bob, 'end', 'of Bob ')
    await vi.waitFor(() => expect(alice.editor.getText()).toBe('of Bob '), SLOW)
    await typeAt(alice, 'end', 'of Alice')
    await vi.waitFor(() => expect(bob.editor.getText()).toBe('of Bob of Alice'), SLOW)
    alice.editor.commands.undo()
    await vi.waitFor(() => expect(bob.editor.getText()).toBe('of Bob '), SLOW)
  })

  it("[CL62] shows the other's caret and name, on both sides", async () => {
    const { alice, bob } = await sitDown(createAppRoom())
    await typeAt(alice, 'end', 'hello')
    await vi.waitFor(() => expect(bob.host.querySelector('.y-sealed-label')?.textContent).toBe('Alice'), SLOW)
    await typeAt(bob, 'start', '>')
    await vi.waitFor(
      () => expect(alice.host.querySelector('.ProseMirror-yjs-cursor')?.textContent).toContain('Bob'),
      SLOW,
    )
  })

  it('[CL61] types on while the network is away, and all come together', async () => {
    const room = createAppRoom()
    const network = await createNetwork(relay)
    const stock = await joinStock({ relay, ...room, socket: { WebSocket: network.WebSocket } })
    const hocuspocus = await joinHocuspocus({ relay, ...room })
    await vi.waitFor(() => expect([stock.provider.synced, hocuspocus.provider.synced]).toEqual([true, true]), SLOW)
    const alice = openEditor(stock.doc, [])
    const carol = openEditor(hocuspocus.doc, [])
    await typeAt(alice, 'end', 'before ')
    await vi.waitFor(() => expect(carol.editor.getText()).toBe('before '), SLOW)
    network.setUp(false)
    await vi.waitFor(() => expect(stock.provider.wsconnected).toBe(false))
    await typeAt(alice, 'end', 'away ')
    await typeAt(carol, 'start', 'meanwhile, ')
    network.setUp(true)
    await vi.waitFor(() => expect(alice.editor.getHTML()).toBe(carol.editor.getHTML()), SLOW)
    expect(alice.editor.getText()).toBe('meanwhile, before away ')
    await vi.waitFor(() => expect(hocuspocus.provider.unsyncedChanges).toBe(0))
  })
})
