/**
 * What an open note shows, what its editor believes that it shows, and what the document says.
 *
 * @module
 */
import type { Page } from 'playwright'

export interface Shown {
  /** Text of each paragraph in the DOM. */
  readonly view: readonly string[]
  /** The same in the editor's state. */
  readonly model: readonly string[]
  /** The same in the Y.Doc. */
  readonly document: readonly string[]
  /** Line breaks within paragraphs, in the Y.Doc. */
  readonly breaks: number
}

/** Where Tiptap leaves its editor: as far as it is looked at here. */
interface EditorElement extends HTMLElement {
  readonly editor?: {
    readonly state: {
      readonly doc: { readonly content: { readonly content: readonly { readonly textContent: string }[] } }
    }
    readonly extensionManager: { readonly extensions: readonly { readonly name: string; readonly options: unknown }[] }
  }
}

interface Collaboration {
  readonly document: { getXmlFragment(name: string): { toArray(): { toString(): string }[] } }
  readonly field: string
}

export async function whatIsShown(page: Page): Promise<Shown> {
  return await page.evaluate(() => {
    const element = document.querySelector<EditorElement>('.tiptap')
    const editor = element?.editor
    if (element === null || editor === undefined) throw new Error('no note is open')
    const collaboration = editor.extensionManager.extensions.find(({ name }) => name === 'collaboration')
    if (collaboration === undefined) throw new Error('the note is nobody else’s')
    const { document: doc, field } = collaboration.options as Collaboration
    const blocks = doc.getXmlFragment(field).toArray().map(String)
    return {
      view: Array.from(element.querySelectorAll('p'), ({ textContent }) => textContent),
      model: editor.state.doc.content.content.map(({ textContent }) => textContent),
      document: blocks.map((block) => block.replaceAll(/<[^>]*>/g, '')),
      breaks: blocks.join('').split('<hardbreak').length - 1,
    }
  })
}
