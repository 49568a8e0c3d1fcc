/** ProseMirror by y-prosemirror. */
import type { SealedProvider } from '@y-sealed/client'
import { baseKeymap } from 'prosemirror-commands'
import { keymap } from 'prosemirror-keymap'
import { schema } from 'prosemirror-schema-basic'
import { EditorState } from 'prosemirror-state'
import { EditorView } from 'prosemirror-view'
import { redo, undo, ySyncPlugin, yUndoPlugin } from 'y-prosemirror'

type Bindable = Pick<SealedProvider, 'doc' | 'awareness'>

export function mountProseMirror(host: HTMLElement, provider: Bindable): EditorView {
  const state = EditorState.create({
    schema,
    plugins: [
      ySyncPlugin(provider.doc.getXmlFragment('prosemirror')),
      yUndoPlugin(),
      keymap({ 'Mod-z': undo, 'Mod-y': redo, 'Mod-Shift-z': redo }),
      keymap(baseKeymap),
    ],
  })
  return new EditorView(host, { state })
}
