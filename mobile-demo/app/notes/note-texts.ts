/**
 * What the list shows of each note, and what the search looks through: read on this device, one note after another, and kept in this page's
 * memory alone.
 *
 * @module
 */
import type { DocumentEntry, SealedDocument, SealedDocuments } from '@y-sealed/client'
import * as Y from 'yjs'

export interface NoteText {
  readonly title: string
  readonly body: string
  readonly role: string
}

/** Where the app puts what it writes: a title beside Tiptap's fragment. */
export const TITLE = 'title'
export const BODY = 'default'

export class NoteTexts {
  readonly #documents: SealedDocuments
  readonly #textById = new Map<string, NoteText>()
  readonly #listeners = new Set<() => void>()
  #reading: Promise<void> | null = null
  #shown: ReadonlyMap<string, NoteText> = new Map()

  constructor(documents: SealedDocuments) {
    this.#documents = documents
  }

  readonly read = (): ReadonlyMap<string, NoteText> => this.#shown

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Takes what an open note says. */
  note(document: SealedDocument): void {
    const title = document.doc.getText(TITLE).toJSON()
    const body = plainText(document.doc.getXmlFragment(BODY))
    const before = this.#textById.get(document.id)
    if (before?.title === title && before.body === body && before.role === document.role) return
    this.#textById.set(document.id, { title, body, role: document.role })
    this.#tell()
  }

  forget(id: string): void {
    if (this.#textById.delete(id)) this.#tell()
  }

  /** Reads those that were not read yet. */
  gather(entries: readonly DocumentEntry[]): void {
    const unread = entries.filter(({ id, isReady }) => isReady && !this.#textById.has(id))
    if (unread.length === 0 || this.#reading !== null) return
    this.#reading = this.#readAll(unread).finally(() => {
      this.#reading = null
    })
  }

  async #readAll(entries: readonly DocumentEntry[]): Promise<void> {
    for (const { id } of entries) {
      if (this.#textById.has(id)) continue
      try {
        const document = await this.#documents.openDocument(id)
        await document.provider.whenLoaded()
        this.note(document)
        document.close()
      } catch {
        // It is listed by its name, and says why when it is opened.
      }
    }
  }

  #tell(): void {
    this.#shown = new Map(this.#textById)
    for (const listener of this.#listeners) listener()
  }
}

/** The text of what an editor shows, a line for each block. */
export function plainText(fragment: Y.XmlFragment): string {
  const lines: string[] = []
  for (const node of fragment.createTreeWalker(() => true)) {
    if (node instanceof Y.XmlText) lines.push(textOf(node))
  }
  return lines.filter((line) => line !== '').join('\n')
}

function textOf(text: Y.XmlText): string {
  const delta = text.toDelta() as readonly { readonly insert?: unknown }[]
  return delta.map(({ insert }) => (typeof insert === 'string' ? insert : '')).join('')
}
