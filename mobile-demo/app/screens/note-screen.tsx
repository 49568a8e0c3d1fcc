/**
 * One note: title, text, who is there, and how it stands.
 *
 * @module
 */
import type { SealedDocument } from '@y-sealed/client'
import { useCalmStatus, useDocument } from '@y-sealed/client/react'
import { lazy, Suspense, useCallback, useEffect, useState, useSyncExternalStore, type ReactElement } from 'react'

import type { Device } from '../device/open-device.ts'
import { usePeople } from '../notes/people.ts'
import { textsOf } from '../notes/use-notes.ts'
import { Avatar } from '../parts/avatar.tsx'
import { explain } from '../parts/explain.ts'
import { Icon } from '../parts/icon.tsx'
import { IconButton } from '../parts/icon-button.tsx'
import { Opening } from '../parts/opening.tsx'
import { StatusChip } from '../parts/status-chip.tsx'
import type { Place } from '../place.ts'
import { useShownNote } from '../stage/use-stage.ts'
import { MembersSheet } from './members-sheet.tsx'
import { NoteBody } from './note-body.tsx'
import { NoteTitle } from './note-title.tsx'
import { ShareSheet } from './share-sheet.tsx'
import { StatusSheet } from './status-sheet.tsx'
import { VerifySheet } from './verify-sheet.tsx'

/** With the export, which is large and seldom wanted. */
const HistorySheet = lazy(async () => ({ default: (await import('./history-sheet.tsx')).HistorySheet }))

interface NoteScreenProps {
  readonly device: Device
  readonly place: Extract<Place, { readonly at: 'note' }>
  readonly back: () => void
}

export function NoteScreen({ device, place, back }: NoteScreenProps): ReactElement {
  const { document, state, error } = useDocument(device.documents, place.id)
  if (state === 'failed') {
    return (
      <main className="screen centre" role="alert">
        <p>{explain(error)}</p>
        <button type="button" onClick={back}>
          All notes
        </button>
      </main>
    )
  }
  if (document === null) return <Opening />
  return <Note device={device} note={document} isSharing={place.isSharing ?? false} back={back} />
}

/** More of them would push the buttons off a phone. */
const MOST_AVATARS = 4

type SheetName = 'share' | 'members' | 'verify' | 'history' | 'status'

interface NoteProps {
  readonly device: Device
  readonly note: SealedDocument
  /** With the way to let others in open at once. */
  readonly isSharing: boolean
  readonly back: () => void
}

function Note({ device, note, isSharing, back }: NoteProps): ReactElement {
  const [sheet, setSheet] = useState<SheetName | null>(isSharing ? 'share' : null)
  const status = useCalmStatus(note.provider)
  const isLoaded = useLoaded(note)
  const isReadOnly = status.readOnly || !isLoaded
  useIndexed(device, note)
  useShownNote(note)
  const close = (): void => setSheet(null)
  return (
    <main className="screen note">
      <header className="note-head">
        <IconButton icon="back" label="All notes" onPress={back} />
        <People note={note} open={() => setSheet('members')} />
        <IconButton icon="history" label="Versions" onPress={() => setSheet('history')} />
        <IconButton icon="share" label="Share" onPress={() => setSheet('share')} />
      </header>
      <div className="chips">
        <button type="button" className="bare" onClick={() => setSheet('verify')}>
          <span className="chip plain">
            <Icon name="lock" />
            <span>Encrypted</span>
          </span>
        </button>
        <button type="button" className="bare" onClick={() => setSheet('status')}>
          <StatusChip status={status} />
          <span className="out-of-sight">: what that means</span>
        </button>
      </div>
      {note.role === 'reader' && <p className="banner">View only: you may read this note, and change nothing.</p>}
      <NoteTitle note={note} documents={device.documents} isReadOnly={isReadOnly} />
      <NoteBody note={note} profile={device.profile} isReadOnly={isReadOnly} />
      {sheet === 'share' && <ShareSheet note={note} onClose={close} onVerify={() => setSheet('verify')} />}
      {sheet === 'members' && <MembersSheet note={note} colour={device.profile.colour} onClose={close} />}
      {sheet === 'verify' && <VerifySheet note={note} onClose={close} />}
      {sheet === 'history' && (
        <Suspense>
          <HistorySheet note={note} isReadOnly={status.readOnly} onClose={close} />
        </Suspense>
      )}
      {sheet === 'status' && <StatusSheet note={note} relay={device.profile.relay} onClose={close} />}
    </main>
  )
}

/** Nobody writes in a note before it stands there: what they wrote would come before its first line. */
function useLoaded({ provider }: SealedDocument): boolean {
  const subscribe = useCallback(
    (listener: () => void) => {
      provider.on('loaded', listener)
      return () => provider.off('loaded', listener)
    },
    [provider],
  )
  return useSyncExternalStore(subscribe, () => provider.loaded)
}

/** A pause in which several edits come together. */
const INDEXED_AFTER_MS = 2_000

/** Keeps the list's title and snippet at what the note says. */
function useIndexed(device: Device, note: SealedDocument): void {
  useEffect(() => {
    const texts = textsOf(device.documents)
    const take = (): void => {
      timer = undefined
      texts.note(note)
    }
    // Not with each key: a long note takes its time to read.
    let timer: ReturnType<typeof setTimeout> | undefined
    const takeSoon = (): void => {
      timer ??= setTimeout(take, INDEXED_AFTER_MS)
    }
    take()
    note.doc.on('update', takeSoon)
    note.on('members', takeSoon)
    return () => {
      note.doc.off('update', takeSoon)
      note.off('members', takeSoon)
      if (timer === undefined) return
      clearTimeout(timer)
      take()
    }
  }, [device, note])
}

/** Those who have the note open now, each once. */
function People({ note, open }: { readonly note: SealedDocument; readonly open: () => void }): ReactElement {
  const here = usePeople(note)
  return (
    <button type="button" className="people bare" aria-label={`Members; ${here.length} here now`} onClick={open}>
      {here.slice(0, MOST_AVATARS).map(({ id, name, colour }) => (
        <Avatar key={id} name={name} colour={colour} />
      ))}
      {here.length > MOST_AVATARS && <small className="quiet">+{here.length - MOST_AVATARS}</small>}
      <Icon name="people" />
    </button>
  )
}
