/**
 * Somebody who types faster than anybody does: a letter at the beginning of the open note every few milliseconds.
 *
 * @module
 */
import type { Page } from 'playwright'

/** Where Tiptap leaves its editor. */
interface EditorElement extends HTMLElement {
  readonly editor?: {
    readonly view: { dispatch(change: unknown): void }
    readonly state: { readonly tr: { insertText(text: string, at: number): unknown } }
  }
}

/** Until what it returns is called. */
export async function typeWithoutPause(page: Page, everyMs: number): Promise<() => Promise<void>> {
  await page.evaluate((pauseMs) => {
    const { editor } = document.querySelector<EditorElement>('.tiptap') ?? {}
    if (editor === undefined) throw new Error('no note is open')
    const timer = setInterval(() => editor.view.dispatch(editor.state.tr.insertText('x', 1)), pauseMs)
    addEventListener('stop-typing', () => clearInterval(timer), { once: true })
  }, everyMs)
  return async () => void (await page.evaluate(() => dispatchEvent(new Event('stop-typing'))))
}
