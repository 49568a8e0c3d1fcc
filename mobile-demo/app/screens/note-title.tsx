/**
 * The title: a plain field over a Y.Text, changed by the difference alone, so that two people may write in it at once.
 *
 * @module
 */
import type { SealedDocument, SealedDocuments } from '@y-sealed/client'
import { useYText } from '@y-sealed/client/react'
import { useEffect, type ReactElement } from 'react'

import { TITLE } from '../notes/note-texts.ts'

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
  useEffect(() => {
    const listed = documents.list().find(({ id }) => id === note.id)
    if (title === '' || listed === undefined || listed.name === title) return undefined
    const timer = setTimeout(() => void documents.rename(note.id, title), NAMED_AFTER_MS)
    return () => clearTimeout(timer)
  }, [documents, note, title])
  const change = (next: string): void => {
    let start = 0
    while (start < Math.min(title.length, next.length) && title[start] === next[start]) start++
    let end = 0
    while (end < Math.min(title.length, next.length) - start && title.at(-1 - end) === next.at(-1 - end)) end++
    note.doc.transact(() => {
      text.delete(start, title.length - start - end)
      text.insert(start, next.slice(start, next.length - end))
    })
  }
  return (
    <input
      className="note-title"
      aria-label="Title"
      placeholder="Title"
      value={title}
      readOnly={isReadOnly}
      maxLength={200}
      enterKeyHint="next"
      onChange={(event) => change(event.target.value)}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || event.nativeEvent.isComposing) return
        event.preventDefault()
        document.querySelector<HTMLElement>('.tiptap')?.focus()
      }}
    />
  )
}
