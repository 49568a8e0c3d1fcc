/**
 * What the list shows of each note, and what the search looks through: read on this device, one note after another, and kept in this page's
 * memory alone.
 *
 * @module
 */
import type { DocumentEntry, SealedDocument, SealedDocuments } from '@y-sealed/client'
import * as Y from 'yjs'

import { nameOf } from './name-of.ts'
import { pause } from './pause.ts'

export interface NoteText {
  readonly title: string
  readonly body: string
  readonly role: string
  /** Names of the other members. */
  readonly others: readonly string[]
}

/** Where the app puts what it writes: a title beside Tiptap's fragment. */
export const TITLE = 'title'
export const BODY = 'default'

/** Without a network the others in the list wait no longer for one. */
const SYNCED_WITHIN_MS = 5_000

export class NoteTexts {
  readonly #documents: SealedDocuments
  readonly #textById = new Map<string, NoteText>()
  readonly #listeners = new Set<() => void>()
  #wanted: readonly string[] = []
  #isReading = false
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
    const { role } = document
    const others = document.members().flatMap((member) => (member.isMe ? [] : nameOf(member)))
    const before = this.#textById.get(document.id)
    const isSame = before?.title === title && before.body === body && before.role === role
    if (isSame && before.others.join('\n') === others.join('\n')) return
    this.#textById.set(document.id, { title, body, role, others })
    this.#tell()
  }

  forget(id: string): void {
    if (this.#textById.delete(id)) this.#tell()
  }

  /** Reads those that were not read yet. */
  gather(entries: readonly DocumentEntry[]): void {
    this.#wanted = entries.filter(({ isReady, isShutOut }) => isReady || isShutOut).map(({ id }) => id)
    if (!this.#isReading) void this.#readAll()
  }

  /** Never rejects. */
  async #readAll(): Promise<void> {
    this.#isReading = true
    const tried = new Set<string>()
    const untried = (): string | undefined => this.#wanted.find((id) => !tried.has(id) && !this.#textById.has(id))
    for (let id = untried(); id !== undefined; id = untried()) {
      tried.add(id)
      try {
        await this.#documents.withDocument(id, async (document) => {
          // What another device has written is not here yet.
          if (isEmpty(document)) await Promise.race([document.provider.whenSynced(), pause(SYNCED_WITHIN_MS)])
          if (!isEmpty(document) || document.provider.synced) this.note(document)
        })
      } catch {
        // It is listed by its name, and says why when it is opened.
      }
    }
    // In the same step as the last look at what is wanted: nobody is missed.
    this.#isReading = false
  }

  #tell(): void {
    this.#shown = new Map(this.#textById)
    for (const listener of this.#listeners) listener()
  }
}

function isEmpty({ doc }: SealedDocument): boolean {
  return doc.getText(TITLE).length === 0 && doc.getXmlFragment(BODY).length === 0
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
