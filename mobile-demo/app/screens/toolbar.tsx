/**
 * What can be done to the text. A tap on it leaves the focus, and with it the keyboard, where it is.
 *
 * @module
 */
import { useEditorState, type Editor } from '@tiptap/react'
import type { ReactElement } from 'react'

import { IconButton } from '../parts/icon-button.tsx'

export function Toolbar({ editor }: { readonly editor: Editor }): ReactElement {
  const is = useEditorState({
    editor,
    selector: ({ editor: now }) => ({
      bold: now.isActive('bold'),
      italic: now.isActive('italic'),
      heading: now.isActive('heading'),
      tasks: now.isActive('taskList'),
      bullets: now.isActive('bulletList'),
      undo: now.can().undo(),
      redo: now.can().redo(),
    }),
  })
  const edit = (): ReturnType<Editor['chain']> => editor.chain().focus()
  return (
    <div className="toolbar" role="toolbar" aria-label="Formatting">
      <IconButton keepsFocus icon="bold" label="Bold" isOn={is.bold} onPress={() => edit().toggleBold().run()} />
      <IconButton
        keepsFocus
        icon="italic"
        label="Italic"
        isOn={is.italic}
        onPress={() => edit().toggleItalic().run()}
      />
      <IconButton
        keepsFocus
        icon="heading"
        label="Heading"
        isOn={is.heading}
        onPress={() => edit().toggleHeading({ level: 2 }).run()}
      />
      <IconButton
        keepsFocus
        icon="check"
        label="Checklist"
        isOn={is.tasks}
        onPress={() => edit().toggleTaskList().run()}
      />
      <IconButton
        keepsFocus
        icon="bullets"
        label="Bullets"
        isOn={is.bullets}
        onPress={() => edit().toggleBulletList().run()}
      />
      <IconButton keepsFocus icon="undo" label="Undo" isDisabled={!is.undo} onPress={() => edit().undo().run()} />
      <IconButton keepsFocus icon="redo" label="Redo" isDisabled={!is.redo} onPress={() => edit().redo().run()} />
      <IconButton keepsFocus icon="keyboard" label="Hide the keyboard" onPress={() => editor.commands.blur()} />
    </div>
  )
}
