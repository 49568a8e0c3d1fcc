/**
 * The note of the demo, its editor and its carets, on a y-websocket server: what the sealed one is measured against. Around it there is less than
 * in the app (no list, no status, no members), to the advantage of this one.
 *
 * @module
 */
import type { SealedDocument } from '@y-sealed/client'
import { createElement } from 'react'
import { createRoot } from 'react-dom/client'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

import { NoteBody } from '../../../mobile-demo/app/screens/note-body.tsx'

const { searchParams } = new URL(location.href)
const doc = new Y.Doc()
const provider = new WebsocketProvider(`wss://${location.host}`, searchParams.get('room') ?? 'note', doc, {
  disableBc: true,
})
// The part of a sealed document that the body of a note reads.
const note = { doc, provider } as unknown as SealedDocument
const profile = { name: searchParams.get('name') ?? 'Somebody', colour: '#0b57d0', relay: '' }
const host = document.querySelector('#app')
if (host === null) throw new Error('the page has no place for the note')
provider.once('sync', () =>
  createRoot(host).render(
    createElement('main', { className: 'screen note' }, createElement(NoteBody, { note, profile, isReadOnly: false })),
  ),
)
