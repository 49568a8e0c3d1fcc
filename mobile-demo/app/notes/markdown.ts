/**
 * A note as Markdown, for other apps: whoever owns a note can take it along.
 *
 * @module
 */
import { getSchema, type AnyExtension, type JSONContent } from '@tiptap/core'
import { MarkdownManager } from '@tiptap/markdown'
import { yXmlFragmentToProseMirrorRootNode } from '@tiptap/y-tiptap'
import type * as Y from 'yjs'

import { BODY, TITLE } from './note-texts.ts'

export function noteToMarkdown(doc: Y.Doc, extensions: readonly AnyExtension[]): string {
  const schema = getSchema([...extensions])
  const root = yXmlFragmentToProseMirrorRootNode(doc.getXmlFragment(BODY), schema)
  const manager = new MarkdownManager({ extensions: [...extensions] })
  const title = doc.getText(TITLE).toJSON()
  const body = manager.serialize(root.toJSON() as JSONContent)
  // The editor keeps an empty paragraph at the end, to tap on.
  return `${title === '' ? '' : `# ${title}\n\n`}${body.trimEnd()}\n`
}
