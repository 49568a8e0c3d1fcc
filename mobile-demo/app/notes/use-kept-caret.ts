/**
 * The caret of a field over a Y.Text, at its letters while others write before it: where a field is given another text, browsers put it at the end.
 *
 * @module
 */
import { useEffect, useLayoutEffect, useRef, type RefObject } from 'react'
import type * as Y from 'yjs'

type Delta = Y.YTextEvent['delta']

export function useKeptCaret(field: RefObject<HTMLTextAreaElement | null>, text: Y.Text): void {
  const kept = useRef<readonly [number, number] | null>(null)
  useEffect(() => {
    const onChange = ({ delta }: Y.YTextEvent, { local }: Y.Transaction): void => {
      const element = field.current
      // What is typed here stands in the field already.
      if (local || element === null || element !== document.activeElement) return
      const [start, end] = kept.current ?? [element.selectionStart, element.selectionEnd]
      kept.current = [moveBy(delta, start), moveBy(delta, end)]
    }
    text.observe(onChange)
    return () => text.unobserve(onChange)
  }, [field, text])
  useLayoutEffect(() => {
    if (kept.current !== null) field.current?.setSelectionRange(...kept.current)
    kept.current = null
  })
}

/** Where the letter at `place` stands after the change; what is written right at a caret comes behind it. */
function moveBy(delta: Delta, place: number): number {
  let [seen, moved] = [0, place]
  for (const { retain = 0, insert, delete: deleted = 0 } of delta) {
    if (seen >= moved) break
    const added = typeof insert === 'string' ? insert.length : 0
    seen += retain + added
    moved += added - Math.min(deleted, moved - seen)
  }
  return moved
}
