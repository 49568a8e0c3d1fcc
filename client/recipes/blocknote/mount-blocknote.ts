/** BlockNote 0.51: the last that works on Yjs 13. See README.md. */
import type { SealedProvider } from '@y-sealed/client'
import { BlockNoteEditor } from '@blocknote/core'

type Bindable = Pick<SealedProvider, 'doc' | 'awareness'>

export interface BlockNoteUser {
  readonly name: string
  readonly color: string
}

export function mountBlockNote(host: HTMLElement, provider: Bindable, user: BlockNoteUser): BlockNoteEditor {
  const editor = BlockNoteEditor.create({
    collaboration: { fragment: provider.doc.getXmlFragment('blocknote'), user, provider },
  })
  editor.mount(host)
  return editor
}
