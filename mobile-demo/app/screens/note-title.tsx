/**
 * The title: a field of one line, however long, over a Y.Text, changed by the difference alone, so that two people may write in it at once.
 *
 * @module
 */
import type { SealedDocument, SealedDocuments } from '@y-sealed/client'
import { useYText } from '@y-sealed/client/react'
import { useEffect, useEffectEvent, useLayoutEffect, useRef, type ReactElement } from 'react'

import { TITLE } from '../notes/note-texts.ts'
import { replaceText } from '../notes/rename-note.ts'
import { useKeptCaret } from '../notes/use-kept-caret.ts'

interface NoteTitleProps {
  readonly note: SealedDocument
  readonly documents: SealedDocuments
  readonly isReadOnly: boolean
}

/** A pause in typing after which the list of this person's other devices is told. */
const NAMED_AFTER_MS = 1_000

export function NoteTitle({ note, documents, isReadOnly }: NoteTitleProps): ReactElement {
  const text = note.doc.getText(TITLE)
  const title = useYText(text)
  const tellDevices = useEffectEvent(() => {
    const listed = documents.list().find(({ id }) => id === note.id)
    if (isReadOnly || title === '' || listed === undefined || listed.name === title) return
    void documents.rename(note.id, title)
  })
  useEffect(() => {
    const timer = setTimeout(tellDevices, NAMED_AFTER_MS)
    return () => clearTimeout(timer)
  }, [title])
  // Whoever leaves before the pause is over has named it all the same.
  useEffect(() => tellDevices, [])
  const field = useRef<HTMLTextAreaElement>(null)
  useLayoutEffect(() => fitToText(field.current), [title])
  useKeptCaret(field, text)
  return (
    <textarea
      className="note-title"
      dir="auto"
      rows={1}
      ref={field}
      aria-label="Title"
      placeholder="Title"
      value={title}
      readOnly={isReadOnly}
      maxLength={200}
      enterKeyHint="next"
      onChange={(event) => replaceText(text, oneLine(event.target.value))}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || event.nativeEvent.isComposing) return
        event.preventDefault()
        document.querySelector<HTMLElement>('.tiptap')?.focus()
      }}
    />
  )
}

/** What is pasted may have several. */
function oneLine(text: string): string {
  const lines = text.split(/[\r\n]+/)
  if (lines.length === 1) return text
  return lines
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ')
}

/** Where the style sheet cannot do it. */
function fitToText(field: HTMLTextAreaElement | null): void {
  if (field === null || CSS.supports('field-sizing', 'content')) return
  field.style.height = 'auto'
  field.style.height = `${field.scrollHeight}px`
}
