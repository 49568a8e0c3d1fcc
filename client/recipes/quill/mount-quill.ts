/** Quill 2 by y-quill. It needs the input gate, which every provider has on by default: see README.md. */
import type { SealedProvider } from '@y-sealed/client'
import Quill from 'quill'
import QuillCursors from 'quill-cursors'
import { QuillBinding } from 'y-quill'

type Bindable = Pick<SealedProvider, 'doc' | 'awareness'>

export interface QuillUser {
  readonly name: string
  readonly color: string
}

Quill.register('modules/cursors', QuillCursors)

export interface MountedQuill {
  readonly quill: Quill
  readonly destroy: () => void
}

export function mountQuill(host: HTMLElement, provider: Bindable, user: QuillUser): MountedQuill {
  const quill = new Quill(host, {
    theme: 'snow',
    // Undo takes back one's own edits only.
    modules: { cursors: true, history: { userOnly: true } },
  })
  provider.awareness.setLocalStateField('user', user)
  const binding = new QuillBinding(provider.doc.getText('quill'), quill, provider.awareness)
  return { quill, destroy: () => binding.destroy() }
}
