/** Tiptap 3 with others' carets above it. */
import type { SealedProvider } from '@y-sealed/client'
import { remoteCarets, type CaretUser } from '@y-sealed/client/tiptap'
import { Editor } from '@tiptap/core'
import { Collaboration } from '@tiptap/extension-collaboration'
import { StarterKit } from '@tiptap/starter-kit'

/** Everything of a provider that an editor needs. */
type Bindable = Pick<SealedProvider, 'doc' | 'awareness'>

export function mountTiptap(host: HTMLElement, provider: Bindable, user: CaretUser): Editor {
  return new Editor({
    element: host,
    extensions: [
      // Undo takes back one's own edits only: that is the collaboration's.
      StarterKit.configure({ undoRedo: false }),
      Collaboration.configure({ document: provider.doc }),
      // In place of a caret extension: nothing stands inside the editable element, which phones would stumble over.
      remoteCarets(provider, { user }),
    ],
  })
}
