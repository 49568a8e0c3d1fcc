/**
 * Typing on a phone while others type: an input method at work, Enter beside a caret, taps under a fast typist, and the keyboard that takes half of
 * the screen. Nothing is lost, nothing doubled, and the editor shows what the document says.
 *
 * @module
 */
import type { Page } from 'playwright'
import { describe, expect, test } from 'vitest'

import { COMPOSITION_IDLE_MS } from '../../client/input/input-gate.ts'
import { hasComponent } from '../support/components.ts'
import { expectStatus, expectText, SEEN, useDemo } from '../support/demo/demo-stage.ts'
import { createNote, textOf, typeText } from '../support/demo/note-steps.ts'
import { typeWithoutPause } from '../support/demo/type-without-pause.ts'
import { whatIsShown } from '../support/demo/what-is-shown.ts'

/** By then ProseMirror has learnt where the caret is. */
const CARET_MS = 130
const CARET = { timeout: 5_000, interval: 40 }

describe.skipIf(!hasComponent('chromium') || !hasComponent('certutil'))(
  'typing on a phone',
  { timeout: 90_000 },
  () => {
    const stage = useDemo()

    /** Both show the same, each is whole, and it is this: a paragraph a line. */
    const expectShown = async (pages: readonly Page[], paragraphs: readonly string[]): Promise<void> => {
      for (const page of pages) {
        const same = { view: paragraphs, model: paragraphs, document: paragraphs, breaks: 0 }
        await expect.poll(async () => await whatIsShown(page), SEEN).toEqual(same)
      }
    }

    test.each(['iPhone 15', 'Pixel 7'] as const)(
      '[DEMO 8.3] [CL20] a word that is composed comes out whole, though somebody writes before it in the same paragraph (%s)',
      async (model) => {
        const [alice, other] = await stage.twoPhones()
        const composer = model === 'iPhone 15' ? alice.page : other.page
        const typist = model === 'iPhone 15' ? other.page : alice.page
        await typeText(composer, 'say ')
        await expectText(typist, 'say')
        const keyboard = await composer.context().newCDPSession(composer)
        const compose = async (text: string): Promise<void> => {
          await keyboard.send('Input.imeSetComposition', {
            text,
            selectionStart: text.length,
            selectionEnd: text.length,
          })
        }
        const stirred = await watchComposition(composer)
        for (const text of ['h', 'he', 'hel']) await compose(text)
        await textOf(typist).focus()
        await typist.keyboard.press('Control+Home')
        await typist.waitForTimeout(CARET_MS)
        await typist.keyboard.type('I ')
        await expectStatus(typist, 'saved')
        await compose('hell')
        // Under the fingers nothing moves, unless they rest: on a busy machine they do, for as long as it takes to get here.
        expect(await stirred()).toBeGreaterThanOrEqual(COMPOSITION_IDLE_MS)
        await compose('hello')
        await keyboard.send('Input.insertText', { text: 'hello' })
        await expectShown([composer, typist], ['I say hello'])
        await compose('a')
        await compose('ag')
        await keyboard.send('Input.insertText', { text: ' again' })
        await expectShown([composer, typist], ['I say hello again'])
      },
    )

    test('[DEMO 8.3] Enter beside somebody’s caret is one new paragraph and nothing else', async () => {
      const [alice, bob] = await stage.twoPhones()
      await typeText(alice.page, 'one line')
      await expectText(bob.page, 'one line')
      // Her caret stands at the end, where he presses Enter.
      await expect.poll(async () => await bob.page.locator('.note-body').innerText(), SEEN).toContain('Alice')
      await typeText(bob.page, '')
      await bob.page.waitForTimeout(CARET_MS)
      await bob.page.keyboard.press('Enter')
      await bob.page.keyboard.type('another')
      await expectShown([alice.page, bob.page], ['one line', 'another'])
      // And before it, in the middle of a word.
      await bob.page.keyboard.press('Control+Home')
      await bob.page.waitForTimeout(CARET_MS)
      for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight']) await bob.page.keyboard.press(key)
      await bob.page.waitForTimeout(CARET_MS)
      await bob.page.keyboard.press('Enter')
      await expectShown([alice.page, bob.page], ['one', ' line', 'another'])
    })

    test('[DEMO 8.3] [CL20] taps and caret keys find their place under a fast typist', async () => {
      const [alice, bob] = await stage.twoPhones()
      const rows = ['north', 'east', 'south', 'west']
      await textOf(alice.page).focus()
      await alice.page.keyboard.type(`:\n${rows.join('\n')}`)
      await expectText(bob.page, 'west')
      const stop = await typeWithoutPause(alice.page, 12)
      const written = new Map(rows.map((row) => [row, row]))
      for (const [turn, row] of [...rows, ...rows, ...rows].entries()) {
        const place = turn % 2 === 0 ? 'End' : 'Home'
        await textOf(bob.page).locator('p').filter({ hasText: row }).tap()
        await bob.page.keyboard.press(place)
        // Where the caret is put, there it stays: the editor learns of it in its own time, and not of another place.
        await expect.poll(async () => await caretOf(bob.page), CARET).toEqual({ in: written.get(row), at: place })
        const letter = String(turn % 10)
        await bob.page.keyboard.type(letter)
        const before = written.get(row) as string
        written.set(row, turn % 2 === 0 ? before + letter : letter + before)
      }
      await stop()
      await expectStatus(alice.page, 'saved')
      await expectStatus(bob.page, 'saved')
      const first = (await whatIsShown(alice.page)).document[0] as string
      expect(first).toMatch(/^x{50,}:$/)
      await expectShown([alice.page, bob.page], [first, ...rows.map((row) => written.get(row) as string)])
    })

    test('[DEMO 4] [CL22] keys that follow each other have no screen drawn anew: what looks through a long note with each is not done with each', async () => {
      const { page } = await stage.take('Pixel 7')
      await page.addInitScript(() => {
        // What React’s own tools listen by.
        const counted = { isDisabled: false, supportsFiber: true, commits: 0, inject: () => 1 }
        const hook = { ...counted, onCommitFiberUnmount: () => undefined, onCommitFiberRoot: () => hook.commits++ }
        Object.assign(globalThis, { __REACT_DEVTOOLS_GLOBAL_HOOK__: hook })
      })
      await page.goto(stage.host.url)
      await createNote(page, 'Alice', 'Long')
      await typeText(page, 'begun')
      await expectStatus(page, 'saved')
      const commits = async (): Promise<number> =>
        await page.evaluate(
          () =>
            (globalThis as unknown as Record<string, { commits: number }>)['__REACT_DEVTOOLS_GLOBAL_HOOK__']?.commits ??
            0,
        )
      const before = await commits()
      expect(before).toBeGreaterThan(0)
      await page.keyboard.type('forty keys, one after the other, as quick', { delay: 60 })
      await expectStatus(page, 'saved')
      // Two for each pause that is long enough to say that all is saved; each key made three of its own.
      expect((await commits()) - before).toBeLessThan(20)
    })

    test('[DEMO 8.4] what is typed at the end of a long note is seen above the toolbar, with the keyboard up as well', async () => {
      const { page } = await stage.phone('Pixel 7')
      await createNote(page, 'Alice', 'Long')
      await typeText(page, 'first')
      for (let line = 0; line < 40; line++) await page.keyboard.press('Enter')
      await page.keyboard.type('last')
      await expect.poll(async () => await roomUnderCaret(page), SEEN).toBeGreaterThanOrEqual(0)
      await page.setViewportSize({ width: 390, height: 420 })
      await expect.poll(async () => await roomUnderCaret(page), SEEN).toBeGreaterThanOrEqual(0)
    })

    test('[DEMO 8.4] the toolbar stands on a keyboard that lies over the page, as on iPhones', async () => {
      const { page } = await stage.phone('iPhone 15')
      await createNote(page, 'Alice', 'Keyboard')
      await typeText(page, 'newt')
      const full = await bottomOfToolbar(page)
      expect(full).toBeCloseTo(await page.evaluate(() => innerHeight), 0)
      // What iOS does: the page stays as high as it was, less of it is seen, and it may be pushed up.
      for (const [height, offsetTop] of [
        [380, 0],
        [380, 120],
      ] as const) {
        await coverBy(page, height, offsetTop)
        await expect.poll(async () => await bottomOfToolbar(page), SEEN).toBeCloseTo(height + offsetTop, 0)
        const title = await page.getByRole('textbox', { name: 'Title' }).boundingBox()
        expect(title?.y ?? -1).toBeGreaterThanOrEqual(offsetTop)
      }
      await coverBy(page, full, 0)
      await expect.poll(async () => await bottomOfToolbar(page), SEEN).toBeCloseTo(full, 0)
      // Who looks closer, by two fingers, sees less of the page as well: no keyboard is there, and nothing moves.
      const browser = await page.context().newCDPSession(page)
      await page.evaluate(() => {
        for (const name of ['height', 'offsetTop']) delete (visualViewport as unknown as Record<string, unknown>)[name]
      })
      await browser.send('Emulation.setPageScaleFactor', { pageScaleFactor: 2 })
      await expect.poll(async () => await page.evaluate(() => visualViewport?.scale), SEEN).toBe(2)
      expect(await bottomOfToolbar(page)).toBeCloseTo(full, 0)
    })
  },
)

/** For how many ms the word that is composed had rested when what stands before it first changed; `Infinity` while nothing has. */
async function watchComposition(page: Page): Promise<() => Promise<number>> {
  const watch = await page.evaluateHandle(() => {
    const text = document.querySelector<HTMLElement>('.tiptap')
    if (text === null) throw new Error('no note is open')
    const [begin] = text.innerText.split('\n')
    const seen = { lastAt: 0, restedMs: Infinity }
    const onComposed = (): void => void (seen.lastAt = performance.now())
    for (const event of ['compositionstart', 'compositionupdate']) text.addEventListener(event, onComposed)
    new MutationObserver(() => {
      if (seen.restedMs === Infinity && !text.innerText.startsWith(begin ?? ''))
        seen.restedMs = performance.now() - seen.lastAt
    }).observe(text, { subtree: true, childList: true, characterData: true })
    return seen
  })
  return async () => await watch.evaluate(({ restedMs }) => restedMs)
}

/** Pixels between the caret and the toolbar. */
async function roomUnderCaret(page: Page): Promise<number> {
  return await page.evaluate(() => {
    const caret = getSelection()?.getRangeAt(0).getBoundingClientRect().bottom ?? Infinity
    return (document.querySelector('.toolbar')?.getBoundingClientRect().top ?? 0) - caret
  })
}

interface EditorElement extends HTMLElement {
  readonly editor?: {
    readonly state: {
      readonly selection: {
        readonly $head: { readonly parentOffset: number; readonly parent: { readonly textContent: string } }
      }
    }
  }
}

/** The paragraph in which the editor has its caret, and at which end of it. */
async function caretOf(page: Page): Promise<{ readonly in: string; readonly at: 'Home' | 'End' | 'between' }> {
  return await page.evaluate(() => {
    const { editor } = document.querySelector<EditorElement>('.tiptap') ?? {}
    if (editor === undefined) throw new Error('no note is open')
    const { parent, parentOffset } = editor.state.selection.$head
    const { textContent } = parent
    return {
      in: textContent,
      at: parentOffset === 0 ? 'Home' : parentOffset === textContent.length ? 'End' : 'between',
    }
  })
}

/** Of the layout, wherever it is scrolled to. */
async function bottomOfToolbar(page: Page): Promise<number> {
  return await page.getByRole('toolbar').evaluate((toolbar) => toolbar.getBoundingClientRect().bottom)
}

async function coverBy(page: Page, height: number, offsetTop: number): Promise<void> {
  await page.evaluate(
    ([seen, top]) => {
      const viewport = visualViewport
      if (viewport === null) throw new Error('there is no visual viewport')
      Object.defineProperty(viewport, 'height', { configurable: true, get: () => seen })
      Object.defineProperty(viewport, 'offsetTop', { configurable: true, get: () => top })
      viewport.dispatchEvent(new Event('resize'))
    },
    [height, offsetTop] as const,
  )
}
