/** A plain `<textarea>` or `<input>` on a `Y.Text`: what was typed becomes an edit, others' edits leave the caret where it was. */
import type * as Y from 'yjs'

type Field = HTMLTextAreaElement | HTMLInputElement

/** Binds until it is called back. `Y.Text` counts UTF-16 units, as the field does. */
export function bindTextarea(field: Field, text: Y.Text): () => void {
  let known = text.toJSON()
  field.value = known
  const onInput = (): void => {
    const { start, removed, added } = differenceOf(known, field.value, field.selectionEnd ?? 0)
    known = field.value
    text.doc?.transact(() => {
      if (removed > 0) text.delete(start, removed)
      if (added !== '') text.insert(start, added)
    }, field)
  }
  const onChange = (event: Y.YTextEvent): void => {
    if (event.transaction.origin === field) return
    let at = 0
    for (const { retain, delete: removed, insert } of event.delta) {
      if (retain !== undefined) at += retain
      if (removed !== undefined) field.setRangeText('', at, at + removed, 'preserve')
      if (typeof insert === 'string') {
        field.setRangeText(insert, at, at, 'preserve')
        at += insert.length
      }
    }
    known = text.toJSON()
    if (field.value !== known) field.value = known
  }
  field.addEventListener('input', onInput)
  text.observe(onChange)
  return () => {
    field.removeEventListener('input', onInput)
    text.unobserve(onChange)
  }
}

/** The one stretch that was replaced. Where the same letters could be meant in two places, the caret says which: typing ends at it. */
function differenceOf(before: string, after: string, caret: number): { start: number; removed: number; added: string } {
  const most = Math.min(before.length, after.length)
  const tail = after.length - caret
  let end = 0
  while (end < most && end < tail && before.at(-1 - end) === after.at(-1 - end)) end += 1
  let start = 0
  while (start < most - end && before[start] === after[start]) start += 1
  while (end < most - start && before.at(-1 - end) === after.at(-1 - end)) end += 1
  return { start, removed: before.length - start - end, added: after.slice(start, after.length - end) }
}
