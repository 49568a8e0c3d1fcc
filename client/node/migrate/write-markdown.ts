/**
 * A document as Markdown: what Tiptap, ProseMirror and BlockNote call their nodes and marks; what is not known is written as its text.
 *
 * @module
 */
import * as Y from 'yjs'

/** Of a `Y.Text` the text as it is. */
export function writeMarkdown(root: Y.Text | Y.XmlFragment): string {
  if (root instanceof Y.Text) return endOnce(root.toJSON())
  return endOnce(blocksOf(root).join('\n\n'))
}

/** The text alone, a line for each block. */
export function writeText(root: Y.Text | Y.XmlFragment): string {
  if (root instanceof Y.Text) return endOnce(root.toJSON())
  return endOnce(linesOf(root).join('\n'))
}

type Node = Y.XmlElement | Y.XmlText | Y.XmlFragment

const LISTS: ReadonlySet<string> = new Set(['bulletList', 'bullet_list', 'orderedList', 'ordered_list', 'taskList'])
/** Nodes that hold others and are nothing by themselves, as BlockNote has them. */
const WRAPPERS: ReadonlySet<string> = new Set(['blockGroup', 'blockContainer', 'doc'])

function blocksOf(parent: Y.XmlFragment): readonly string[] {
  return childrenOf(parent).flatMap((child) => {
    if (child instanceof Y.XmlText) return [inlineOf(child)]
    return child instanceof Y.XmlElement ? blockOf(child) : []
  })
}

function blockOf(element: Y.XmlElement): readonly string[] {
  const { nodeName } = element
  if (LISTS.has(nodeName)) return [listOf(element)]
  if (WRAPPERS.has(nodeName)) return blocksOf(element)
  const inline = contentOf(element)
  switch (nodeName) {
    case 'heading':
      return [`${'#'.repeat(Math.min(6, Math.max(1, Number(attribute(element, 'level') ?? 1))))} ${inline}`]
    case 'blockquote':
      return [indent(blocksOf(element).join('\n\n'), '> ', '> ')]
    case 'codeBlock':
    case 'code_block':
      return [`\`\`\`${wordOf(element, 'language')}\n${plainOf(element)}\n\`\`\``]
    case 'horizontalRule':
    case 'horizontal_rule':
      return ['---']
    case 'bulletListItem':
      return [`- ${inline}`]
    case 'numberedListItem':
      return [`1. ${inline}`]
    case 'checkListItem':
      return [`- [${isTrue(attribute(element, 'checked')) ? 'x' : ' '}] ${inline}`]
    case 'image':
      return [`![${escape(wordOf(element, 'alt'))}](${wordOf(element, 'src')})`]
    default:
      return childrenOf(element).some(isBlock) ? blocksOf(element) : [inline]
  }
}

function listOf(list: Y.XmlElement): string {
  const isOrdered = list.nodeName.startsWith('ordered')
  const items = childrenOf(list).filter((child) => child instanceof Y.XmlElement)
  return items
    .map((item, index) => {
      const box = list.nodeName === 'taskList' ? `[${isTrue(attribute(item, 'checked')) ? 'x' : ' '}] ` : ''
      const mark = isOrdered ? `${index + 1}. ` : '- '
      // A list right under its paragraph stays with it.
      return indent(blocksOf(item).join('\n'), mark + box, ' '.repeat(mark.length))
    })
    .join('\n')
}

/** Text and what stands within a line. */
function contentOf(element: Y.XmlElement): string {
  return childrenOf(element)
    .map((child) => {
      if (child instanceof Y.XmlText) return inlineOf(child)
      if (!(child instanceof Y.XmlElement)) return ''
      return child.nodeName === 'hardBreak' || child.nodeName === 'hard_break' ? '\\\n' : contentOf(child)
    })
    .join('')
}

interface Piece {
  readonly insert?: unknown
  readonly attributes?: Readonly<Record<string, unknown>>
}

function inlineOf(text: Y.XmlText): string {
  return (text.toDelta() as readonly Piece[])
    .map(({ insert, attributes = {} }) => (typeof insert === 'string' ? markUp(insert, attributes) : ''))
    .join('')
}

function markUp(text: string, marks: Readonly<Record<string, unknown>>): string {
  const has = (...names: readonly string[]): boolean =>
    names.some((name) => marks[name] !== undefined && marks[name] !== null)
  // Marks stand at words: Markdown takes none that begin or end with a space.
  const core = text.trim()
  if (core === '') return text
  const start = text.indexOf(core)
  const [before, after] = [text.slice(0, start), text.slice(start + core.length)]
  let marked = has('code') ? `\`${core}\`` : escape(core)
  if (has('bold', 'strong')) marked = `**${marked}**`
  if (has('italic', 'em')) marked = `*${marked}*`
  if (has('strike')) marked = `~~${marked}~~`
  const link = marks['link'] as { readonly href?: unknown } | null | undefined
  if (typeof link?.href === 'string') marked = `[${marked}](${link.href})`
  return before + marked + after
}

function linesOf(parent: Node): readonly string[] {
  const children = childrenOf(parent)
  if (!children.some(isBlock)) return [plainOf(parent)]
  return children.flatMap((child) => linesOf(child))
}

function plainOf(node: Node): string {
  if (node instanceof Y.XmlText)
    return (node.toDelta() as readonly Piece[]).map(({ insert }) => (typeof insert === 'string' ? insert : '')).join('')
  if (node instanceof Y.XmlElement && /^hard_?break$/i.test(node.nodeName)) return '\n'
  return childrenOf(node).map(plainOf).join('')
}

function childrenOf(node: Node): readonly Node[] {
  if (node instanceof Y.XmlText) return []
  return node.toArray().flatMap((child) => (child instanceof Y.XmlElement || child instanceof Y.XmlText ? [child] : []))
}

function isBlock(node: Node): boolean {
  return node instanceof Y.XmlElement && !/^(hard_?break|image|mention)$/i.test(node.nodeName)
}

function attribute(element: Y.XmlElement, name: string): unknown {
  return element.getAttribute(name)
}

/** Empty where it is no text. */
function wordOf(element: Y.XmlElement, name: string): string {
  const value = attribute(element, name)
  return typeof value === 'string' ? value : ''
}

function isTrue(value: unknown): boolean {
  return value === true || value === 'true'
}

/** Characters that would be markup. */
function escape(text: string): string {
  return text.replaceAll(/[\\`*_[\]<>~]/g, String.raw`\$&`).replaceAll(/^(#{1,6} |[-+] |\d+\. )/gm, String.raw`\$1`)
}

function indent(text: string, first: string, others: string): string {
  return text
    .split('\n')
    .map((line, index) => (index === 0 ? first : others) + line)
    .join('\n')
}

function endOnce(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}
