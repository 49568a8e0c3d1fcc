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
import { whenText } from '../notes/when-text.ts'
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
  /** Of the version that is looked at; `null` for the list of all. */
  const [place, setPlace] = useState<number | null>(null)
  const [trouble, setTrouble] = useState<string | null>(null)
  const { isBusy, failure, run } = useAttempt()
  const show = useSnackbar()
  useEffect(() => {
    let isOver = false
    history.versions({ limit: 50 }).then(
      ({ versions: page }) => {
        if (!isOver) setVersions(page)
      },
      (error: unknown) => {
        if (!isOver) setTrouble(explain(error))
      },
    )
    return () => {
      isOver = true
    }
  }, [history])
  const restore = ({ seq }: Version): void =>
    run(async () => {
      const { versions: now } = await history.versions({ limit: 1 })
      // A name ends a version: what stands there now can be brought back in its turn, whoever goes on writing.
      if (now[0] !== undefined && now[0].name === null)
        history.name(now[0].seq, 'Before an older version was brought back')
      await history.restore(seq)
      show({ text: 'That version is back, as a new edit.' })
      onClose()
    })
  const shown = versions?.[place ?? 0]
  if (place !== null && versions !== null && shown !== undefined) {
    return (
      <Sheet title={timeText(shown)} onClose={onClose}>
        {failure !== null && <p role="alert">{failure}</p>}
        <p className="quiet">{authorsText(shown)}</p>
        <Past history={history} version={shown} />
        {versions.length > 1 && (
          <label>
            <span className="ends quiet">
              <span>Earlier</span>
              <span>Later</span>
            </span>
            {/* Newest first in the list, last on the slider. */}
            <input
              type="range"
              aria-label="Version"
              aria-valuetext={`${timeText(shown)}, ${authorsText(shown)}`}
              min={0}
              max={versions.length - 1}
              value={versions.length - 1 - place}
              onChange={(event) => setPlace(versions.length - 1 - event.target.valueAsNumber)}
            />
          </label>
        )}
        <div className="buttons">
          <button type="button" onClick={() => setPlace(null)}>
            All versions
          </button>
          {!isReadOnly && (
            <button type="button" className="primary grow" disabled={isBusy} onClick={() => restore(shown)}>
              {isBusy ? 'Bringing it back…' : 'Restore'}
            </button>
          )}
        </div>
      </Sheet>
    )
  }
  return (
    <Sheet title="Versions" onClose={onClose}>
      {failure !== null && <p role="alert">{failure}</p>}
      {trouble !== null && <p role="alert">{trouble}</p>}
      {versions === null && trouble === null && <p className="quiet">Reading…</p>}
      {versions?.length === 0 && <p className="quiet">None yet: what is written becomes one once the relay has it.</p>}
      <ul className="rows boxed" hidden={versions === null || versions.length === 0}>
        {versions?.map((version, index) => (
          <li key={version.seq}>
            <button type="button" className="bare grow left" onClick={() => setPlace(index)}>
              <strong>{version.name ?? timeText(version)}</strong>
              <small className="quiet below">
                {version.name !== null && `${timeText(version)} · `}
                {authorsText(version)}
              </small>
            </button>
            <Icon name="next" />
          </li>
        ))}
      </ul>
      <p className="quiet small">
        Names and times are what the authors’ devices say. The relay knows nothing of versions.
      </p>
      <button type="button" onClick={() => saveFile(fileName(note), noteToMarkdown(note.doc, CONTENT ?? []))}>
        <Icon name="download" /> Save this note as Markdown
      </button>
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
  return latest === null ? 'At some time' : whenText(latest)
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
