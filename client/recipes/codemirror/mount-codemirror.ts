/** CodeMirror 6 by y-codemirror.next. */
import type { SealedProvider } from '@y-sealed/client'
import { defaultKeymap } from '@codemirror/commands'
import { EditorState } from '@codemirror/state'
import { EditorView, keymap } from '@codemirror/view'
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next'
import * as Y from 'yjs'

type Bindable = Pick<SealedProvider, 'doc' | 'awareness'>

export interface CodeMirrorUser {
  readonly name: string
  /** `#` and six hexadecimal digits. */
  readonly color: string
}

export function mountCodeMirror(host: HTMLElement, provider: Bindable, { name, color }: CodeMirrorUser): EditorView {
  const text = provider.doc.getText('codemirror')
  provider.awareness.setLocalStateField('user', { name, color, colorLight: `${color}33` })
  const state = EditorState.create({
    doc: text.toJSON(),
    extensions: [
      keymap.of([...yUndoManagerKeymap, ...defaultKeymap]),
      EditorView.lineWrapping,
      yCollab(text, provider.awareness, { undoManager: new Y.UndoManager(text) }),
    ],
  })
  return new EditorView({ state, parent: host })
}
