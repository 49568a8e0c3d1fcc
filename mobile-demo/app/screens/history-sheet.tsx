/**
 * Earlier versions of a note: by whom and when, to look at, and to bring back as a new edit.
 *
 * @module
 */
import type { SealedDocument, SealedHistory, Version } from '@y-sealed/client'
import { useEffect, useMemo, useState, type ReactElement } from 'react'

import { saveFile } from '../device/save-file.ts'
import { noteToMarkdown } from '../notes/markdown.ts'
import { BODY, plainText, TITLE } from '../notes/note-texts.ts'
import { explain } from '../parts/explain.ts'
import { Icon } from '../parts/icon.tsx'
import { Sheet } from '../parts/sheet.tsx'
import { useSnackbar } from '../parts/snackbar.tsx'
import { useAttempt } from '../parts/use-attempt.ts'
import { CONTENT } from './note-body.tsx'

interface HistorySheetProps {
  readonly note: SealedDocument
  readonly isReadOnly: boolean
  readonly onClose: () => void
}

export function HistorySheet({ note, isReadOnly, onClose }: HistorySheetProps): ReactElement {
  const history = useMemo(() => note.history(), [note])
  const [versions, setVersions] = useState<readonly Version[] | null>(null)
  const [shown, setShown] = useState<Version | null>(null)
  const { isBusy, failure, run } = useAttempt()
  const show = useSnackbar()
  useEffect(() => {
    let isOver = false
    void history.versions({ limit: 50 }).then(({ versions: page }) => {
      if (!isOver) setVersions(page)
    })
    return () => {
      isOver = true
    }
  }, [history])
  const restore = ({ seq }: Version): void =>
    run(async () => {
      await history.restore(seq)
      show({ text: 'That version is back, as a new edit.' })
      onClose()
    })
  return (
    <Sheet title={shown === null ? 'Versions' : timeText(shown)} onClose={onClose}>
      {failure !== null && <p role="alert">{failure}</p>}
      {shown === null ? (
        <>
          {versions === null && <p className="quiet">Reading…</p>}
          <ul className="rows">
            {versions?.map((version) => (
              <li key={version.seq}>
                <button type="button" className="bare grow left" onClick={() => setShown(version)}>
                  <strong>{version.name ?? timeText(version)}</strong>
                  <small className="quiet"> {authorsText(version)}</small>
                </button>
              </li>
            ))}
          </ul>
          <p className="quiet">
            Names and times are what the authors’ devices say. The relay knows nothing of versions.
          </p>
          <button type="button" onClick={() => saveFile(fileName(note), noteToMarkdown(note.doc, CONTENT ?? []))}>
            <Icon name="download" /> Save this note as Markdown
          </button>
        </>
      ) : (
        <>
          <Past history={history} version={shown} />
          <div className="buttons">
            <button type="button" onClick={() => setShown(null)}>
              All versions
            </button>
            {!isReadOnly && (
              <button type="button" className="primary" disabled={isBusy} onClick={() => restore(shown)}>
                {isBusy ? 'Bringing it back…' : 'Restore'}
              </button>
            )}
          </div>
        </>
      )}
    </Sheet>
  )
}

/** The note as it was. */
function Past({ history, version }: { readonly history: SealedHistory; readonly version: Version }): ReactElement {
  const [text, setText] = useState<string | null>(null)
  useEffect(() => {
    const aborter = new AbortController()
    history.at(version.seq, aborter.signal).then(
      (doc) => {
        const title = doc.getText(TITLE).toJSON()
        setText(`${title === '' ? '' : `${title}\n\n`}${plainText(doc.getXmlFragment(BODY))}`)
        doc.destroy()
      },
      (error: unknown) => {
        if (!aborter.signal.aborted) setText(explain(error))
      },
    )
    return () => aborter.abort()
  }, [history, version])
  return <pre className="past">{text ?? 'Reading…'}</pre>
}

function timeText({ latest }: Version): string {
  return latest === null ? 'At some time' : latest.toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' })
}

function authorsText({ authors, edits }: Version): string {
  const names = authors.map(({ name, isMe }) => (isMe ? 'You' : (name ?? 'Somebody')))
  return `${[...new Set(names)].join(', ')} · ${edits === 1 ? '1 edit' : `${edits} edits`}`
}

/** What a file may be called anywhere. */
function fileName(note: SealedDocument): string {
  const title = note.doc
    .getText(TITLE)
    .toJSON()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .trim()
  return `${title === '' ? 'note' : title.slice(0, 60)}.md`
}
