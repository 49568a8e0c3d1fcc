/** Lexical by @lexical/yjs, without React. With React, `CollaborationPlugin` does the same: see README.md. */
import type { SealedProvider } from '@y-sealed/client'
import { createEmptyHistoryState, registerHistory } from '@lexical/history'
import { registerRichText } from '@lexical/rich-text'
import { createBinding, syncLexicalUpdateToYjs, syncYjsChangesToLexical, type Delta, type Provider } from '@lexical/yjs'
import { createEditor, SKIP_COLLAB_TAG, type LexicalEditor } from 'lexical'
import type * as Y from 'yjs'

type Bindable = Pick<SealedProvider, 'doc' | 'awareness'>

export interface MountedLexical {
  readonly editor: LexicalEditor
  readonly destroy: () => void
}

export function mountLexical(host: HTMLElement, provider: Bindable): MountedLexical {
  host.contentEditable = 'true'
  const editor = createEditor({
    namespace: 'note',
    onError: (error) => {
      throw error
    },
  })
  editor.setRootElement(host)
  const { doc } = provider
  // What the binding asks of a provider is y-websocket's shape; it reads the awareness alone.
  const shape = provider as unknown as Provider
  const binding = createBinding(editor, shape, 'note', doc, new Map([['note', doc]]))
  const root = binding.root.getSharedType()
  const onRemote = (events: Y.YEvent<Y.XmlText>[], { origin }: Y.Transaction): void => {
    if (origin !== binding) syncYjsChangesToLexical(binding, shape, events, false)
  }
  root.observeDeep(onRemote)
  const unregister = [
    registerRichText(editor),
    registerHistory(editor, createEmptyHistoryState(), 300),
    editor.registerUpdateListener(
      ({ prevEditorState, editorState, dirtyElements, dirtyLeaves, normalizedNodes, tags }) => {
        if (tags.has(SKIP_COLLAB_TAG)) return
        syncLexicalUpdateToYjs(
          binding,
          shape,
          prevEditorState,
          editorState,
          dirtyElements,
          dirtyLeaves,
          normalizedNodes,
          tags,
        )
      },
    ),
  ]
  // What the document holds already.
  editor.update(
    () => {
      binding.root.applyChildrenYjsDelta(binding, root.toDelta() as Delta)
      binding.root.syncChildrenFromYjs(binding)
    },
    { discrete: true, skipTransforms: true, tag: SKIP_COLLAB_TAG },
  )
  return {
    editor,
    destroy: () => {
      root.unobserveDeep(onRemote)
      for (const end of unregister) end()
      editor.setRootElement(null)
    },
  }
}
