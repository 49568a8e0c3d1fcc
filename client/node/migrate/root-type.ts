/**
 * The shared type at the top of a document that holds its text, whatever app wrote it.
 *
 * @module
 */
import * as Y from 'yjs'
import { MigrateError } from './migrate-error.ts'

/** Names under which editors keep their text: Tiptap, y-prosemirror, BlockNote, Quill and CodeMirror by their examples, this client. */
const USUAL = ['default', 'prosemirror', 'blocknote', 'document-store', 'quill', 'codemirror', 'note']

/** The one named, or the only one, or the usual one. Throws `NO_SUCH_DOCUMENT`. */
export function findRoot(doc: Y.Doc, name: string | null): Y.Text | Y.XmlFragment {
  const names = [...doc.share.keys()]
  const found = name ?? (names.length === 1 ? names[0] : USUAL.find((usual) => names.includes(usual)))
  if (found !== undefined && doc.share.has(found))
    return isXml(doc, found) ? doc.getXmlFragment(found) : doc.getText(found)
  throw new MigrateError(
    'NO_SUCH_DOCUMENT',
    names.length === 0
      ? 'the document is empty'
      : `name the part to be exported with --root: there are ${names.map((each) => `"${each}"`).join(', ')}`,
  )
}

/** A type is what is asked for first: before that its first item tells what it is. */
function isXml(doc: Y.Doc, name: string): boolean {
  const type = doc.share.get(name)
  if (type instanceof Y.XmlFragment) return true
  for (let item = type?._start ?? null; item !== null; item = item.right) {
    const { content } = item
    if (item.deleted || !(content instanceof Y.ContentType)) continue
    return content.type instanceof Y.XmlElement || content.type instanceof Y.XmlText
  }
  return false
}
