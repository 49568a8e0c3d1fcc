/**
 * What axe-core finds on a page, by the rules of WCAG 2.2 A and AA.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright'

interface AxeGlobal {
  readonly axe: {
    run(
      root: Document,
      options: { readonly runOnly: { readonly type: 'tag' | 'rule'; readonly values: readonly string[] } },
    ): Promise<{
      readonly violations: readonly {
        readonly id: string
        readonly nodes: readonly { readonly target: readonly unknown[] }[]
      }[]
    }>
  }
}

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

const COLOUR_RULES = ['color-contrast', 'link-in-text-block']

/**
 * Each violation as its rule and the elements that break it; empty for a clean page. `colours`: only what may be another under another colour
 * scheme.
 */
export async function findBarriers(page: Page, scope: 'all' | 'colours' = 'all'): Promise<readonly string[]> {
  // What comes up from the foot of the screen has come up by then: half-faded letters have no contrast.
  await page.evaluate(async () => {
    const ending = document.getAnimations().filter(({ effect }) => Number.isFinite(effect?.getComputedTiming().endTime))
    await Promise.all(ending.map(async ({ finished }) => await finished.catch(() => undefined)))
  })
  if (await page.evaluate(() => !('axe' in globalThis))) await page.evaluate(axeSource())
  return await page.evaluate(
    async (runOnly) => {
      const { violations } = await (globalThis as unknown as AxeGlobal).axe.run(document, { runOnly })
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
    },
    scope === 'all' ? { type: 'tag' as const, values: TAGS } : { type: 'rule' as const, values: COLOUR_RULES },
  )
}

function axeSource(): string {
  return readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
}
