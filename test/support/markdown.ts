/**
 * Code in Markdown texts.
 *
 * @module
 */

/** The fenced blocks of one Markdown text that are tagged `ts` or `tsx`, each with the line on which it starts. */
export function extractCode(markdown: string): readonly { readonly line: number; readonly code: string }[] {
  const blocks: { line: number; code: string }[] = []
  const pattern = /^```tsx?\b[^\n]*\n(.*?)^```/gms
  for (const match of markdown.matchAll(pattern)) {
    blocks.push({ line: markdown.slice(0, match.index).split('\n').length + 1, code: match[1] as string })
  }
  return blocks
}
