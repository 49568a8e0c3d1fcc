/**
 * The text of a note: Tiptap on the document's fragment, others' carets above it, and the toolbar on the keyboard.
 *
 * @module
 */
import type { SealedDocument } from '@y-sealed/client'
import { remoteCarets } from '@y-sealed/client/tiptap'
import { Collaboration } from '@tiptap/extension-collaboration'
import { TaskItem, TaskList } from '@tiptap/extension-list'
import { Placeholder } from '@tiptap/extensions'
import { EditorContent, useEditor, type Editor } from '@tiptap/react'
import { StarterKit } from '@tiptap/starter-kit'
import { memo, useEffect, type ReactElement } from 'react'

import type { Profile } from '../device/profile.ts'
import { BODY } from '../notes/note-texts.ts'
import { Toolbar } from './toolbar.tsx'

interface NoteBodyProps {
  readonly note: SealedDocument
  readonly profile: Profile
  readonly isReadOnly: boolean
}

/** A list has its marks, and a quotation its line, on the side from which its own letters run. Of the page alone: the document has none of it. */
const BY_LETTERS = { HTMLAttributes: { dir: 'auto' } } as const

/** What notes may hold; the same for editing, for versions and for export. */
export const CONTENT: Parameters<typeof useEditor>[0]['extensions'] = [
  // Undo takes back one's own edits only: that is the collaboration's. Links of others are not followed by a tap.
  StarterKit.configure({
    undoRedo: false,
    link: { openOnClick: false },
    bulletList: BY_LETTERS,
    orderedList: BY_LETTERS,
    blockquote: BY_LETTERS,
  }),
  TaskList.configure(BY_LETTERS),
  // Named by its own words, which also say to which side a list of them runs: the label stands in the page before them.
  TaskItem.configure({ nested: true, a11y: { checkboxLabel: ({ textContent }) => textContent || 'Empty item' } }),
]

/** The caret is brought into view above the toolbar, which lies over the foot of the text. */
const UNDER_TOOLBAR = { top: 16, right: 0, bottom: 64, left: 0 }

/** Drawn anew only when what it is given is another: each key is a new status for the screen around it. */
export const NoteBody = memo(function NoteBody({ note, profile, isReadOnly }: NoteBodyProps): ReactElement {
  const editor: Editor | null = useEditor(
    {
      // Neither a style element nor a parsed string: the Content-Security-Policy and Trusted Types take none. The document fills it.
      injectCSS: false,
      editable: !isReadOnly,
      content: { type: 'doc', content: [{ type: 'paragraph' }] },
      editorProps: {
        attributes: { 'aria-label': 'Text of the note', 'aria-multiline': 'true', role: 'textbox' },
        scrollThreshold: UNDER_TOOLBAR,
        scrollMargin: UNDER_TOOLBAR,
      },
      extensions: [
        ...(CONTENT ?? []),
        Placeholder.configure({ placeholder: 'Write something only its members can read.' }),
        Collaboration.configure({ document: note.doc, field: BODY }),
        remoteCarets(note.provider, {
          user: { name: profile.name, color: profile.colour },
          nameOf: (clientId) => note.presentMember(clientId)?.name ?? null,
        }),
      ],
    },
    [note],
  )
  useEffect(() => {
    if (editor !== null && editor.isEditable === isReadOnly) editor.setEditable(!isReadOnly)
  }, [editor, isReadOnly])
  useEffect(() => {
    // The keyboard comes up over the line that was tapped.
    const onResize = (): void => {
      if (editor?.isFocused && !editor.view.composing) editor.commands.scrollIntoView()
    }
    const { visualViewport } = window
    visualViewport?.addEventListener('resize', onResize)
    return () => visualViewport?.removeEventListener('resize', onResize)
  }, [editor])
  return (
    <>
      <EditorContent editor={editor} className="note-body" />
      {editor !== null && !isReadOnly && <Toolbar editor={editor} />}
    </>
  )
})
