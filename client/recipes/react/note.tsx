/** A note in React 18 or 19: status, who is there, who may what, and Tiptap. */
import type { SealedDocument, SealedDocuments } from '@y-sealed/client'
import { useDocument, useMembers, usePresence, useSyncStatus, useYText } from '@y-sealed/client/react'
import { remoteCarets } from '@y-sealed/client/tiptap'
import { Collaboration } from '@tiptap/extension-collaboration'
import { EditorContent, useEditor } from '@tiptap/react'
import { StarterKit } from '@tiptap/starter-kit'
import type { ReactElement } from 'react'
import { statusText } from '../vanilla/open-note.ts'

interface NotePageProps {
  /** Made once, outside of React: `SealedDocuments.open(…)`. */
  readonly documents: SealedDocuments
  readonly link: string
  readonly userName: string
}

export function NotePage({ documents, link, userName }: NotePageProps): ReactElement {
  const { document, state, error } = useDocument(documents, link)
  if (state === 'failed') return <p role="alert">{error instanceof Error ? error.message : 'The note did not open.'}</p>
  if (document === null) return <p>Opening…</p>
  return <Note key={document.id} note={document} userName={userName} />
}

function Note({ note, userName }: { readonly note: SealedDocument; readonly userName: string }): ReactElement {
  const status = useSyncStatus(note.provider)
  return (
    <main>
      <header>
        <Title note={note} />
        <output>{statusText(status)}</output>
        <People note={note} />
      </header>
      <Body note={note} userName={userName} isReadOnly={status.kind === 'view-only'} />
    </main>
  )
}

function Title({ note }: { readonly note: SealedDocument }): ReactElement {
  return <h1>{useYText(note.doc.getText('title')) || 'Untitled'}</h1>
}

/** Renders anew when somebody comes or goes, and not with every caret. Names are the members', not those that a presence gives itself. */
function People({ note }: { readonly note: SealedDocument }): ReactElement {
  const here = usePresence(note.provider, (present) =>
    present.flatMap(({ clientId, isMe }) => (isMe ? [] : (note.presentMember(clientId)?.name ?? []))),
  )
  const members = useMembers(note)
  return (
    <p>
      {here.length === 0 ? 'Nobody else is here' : `Here: ${here.join(', ')}`} · {members.length} may read
    </p>
  )
}

interface BodyProps {
  readonly note: SealedDocument
  readonly userName: string
  readonly isReadOnly: boolean
}

function Body({ note, userName, isReadOnly }: BodyProps): ReactElement {
  const editor = useEditor(
    {
      editable: !isReadOnly,
      extensions: [
        StarterKit.configure({ undoRedo: false }),
        Collaboration.configure({ document: note.doc }),
        remoteCarets(note.provider, {
          user: { name: userName },
          nameOf: (clientId) => note.presentMember(clientId)?.name ?? null,
        }),
      ],
    },
    [note, isReadOnly],
  )
  return <EditorContent editor={editor} />
}
