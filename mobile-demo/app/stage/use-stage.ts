/**
 * A phone on the page of several: does what the page asks, and tells it what stands in the open note.
 *
 * @module
 */
import type { Editor } from '@tiptap/react'
import type { SealedDocument, SyncStatus } from '@y-sealed/client'
import { useEffect, useEffectEvent } from 'react'
import * as Y from 'yjs'

import { listenToPage, post, type Command, type Report } from '../../show/messages.ts'
import type { Place } from '../place.ts'
import { appAddress } from '../device/address.ts'
import type { Device } from '../device/open-device.ts'
import { plainText, BODY, TITLE } from '../notes/note-texts.ts'
import { textsOf } from '../notes/use-notes.ts'
import { explain } from '../parts/explain.ts'
import { wordsOf } from '../parts/status-chip.tsx'
import { redial, setAirplaneMode } from './airplane.ts'
import { castAs } from './on-stage.ts'

/** As fast as somebody who types well. */
const KEY_MS = 45
const TELL_MS = 120

let shown: SealedDocument | null = null

/** In the app's frame. */
export function useStage(device: Device, go: (place: Place) => void): void {
  const perform = useEffectEvent((command: Command) => {
    carryOut(command, device, go).catch((error: unknown) => tell({ kind: 'failed', reason: explain(error) }))
  })
  useEffect(() => {
    if (castAs() === null) return undefined
    const stop = listenToPage(perform)
    tell({ kind: 'ready' })
    return stop
  }, [])
}

/** In the screen of a note. */
export function useShownNote(note: SealedDocument): void {
  useEffect(() => {
    if (castAs() === null) return undefined
    shown = note
    let timer: ReturnType<typeof setTimeout> | undefined
    const report = (): void => {
      timer = undefined
      const text = `${note.doc.getText(TITLE).toJSON()}\n${plainText(note.doc.getXmlFragment(BODY))}`
      tell({ kind: 'note', id: note.id, text, plain: Y.encodeStateAsUpdate(note.doc) })
    }
    const onUpdate = (): void => {
      timer ??= setTimeout(report, TELL_MS)
    }
    const { provider } = note
    const onStatus = (status: SyncStatus): void =>
      tell({ kind: 'status', id: note.id, state: status.kind, text: wordsOf(status).text })
    onUpdate()
    onStatus(provider.syncStatus)
    note.doc.on('update', onUpdate)
    provider.on('syncStatus', onStatus)
    return () => {
      clearTimeout(timer)
      note.doc.off('update', onUpdate)
      provider.off('syncStatus', onStatus)
      if (shown === note) shown = null
    }
  }, [note])
}

function tell(report: Report): void {
  post(window.parent, report)
}

async function carryOut(command: Command, { documents }: Device, go: (place: Place) => void): Promise<void> {
  switch (command.kind) {
    case 'write': {
      const note = await documents.createDocument()
      note.doc.getText(TITLE).insert(0, command.title)
      textsOf(documents).note(note)
      go({ at: 'note', id: note.id })
      return
    }
    case 'invite': {
      const link = await shown?.invite({ role: 'writer', app: appAddress() })
      if (link !== undefined) tell({ kind: 'invited', guest: command.guest, link })
      return
    }
    case 'open':
      go({ at: 'join', link: command.link })
      return
    case 'type':
      await typeText(command.text)
      tell({ kind: 'typed' })
      return
    case 'airplane':
      setAirplaneMode(command.isOn)
      return
    case 'redial':
      redial()
      return
    case 'remove':
      await removeMember(command.name)
      break
  }
}

async function removeMember(name: string): Promise<void> {
  const note = shown
  if (note === null) return
  for (const member of note.members()) if (!member.isMe && member.name === name) await note.remove(member.id)
}

/** At the end of the note. Ends early where that is closed, or cannot be written in. */
async function typeText(text: string): Promise<void> {
  const start = shownEditor()
  if (start === null) return
  // Whoever is typing elsewhere, or choosing something on the page, keeps the focus.
  if (isFocusFree()) start.commands.focus('end')
  else start.commands.setTextSelection(start.state.doc.content.size)
  for (const letter of text) {
    const editor = shownEditor()
    if (editor === null) return
    if (letter === '\n') editor.commands.splitBlock()
    else
      editor.commands.command(({ tr }) => {
        tr.insertText(letter)
        return true
      })
    await new Promise((resolve) => setTimeout(resolve, KEY_MS))
  }
}

function shownEditor(): Editor | null {
  // Tiptap leaves its editor at the element.
  const editor = document.querySelector<HTMLElement & { readonly editor?: Editor }>('.tiptap')?.editor
  return editor?.isEditable === true ? editor : null
}

function isFocusFree(): boolean {
  const focused = window.parent.document.activeElement
  return focused === null || focused.localName === 'body' || focused.localName === 'iframe'
}
