/**
 * A row that is swiped to the left, or held. Both are short cuts: what they do stands behind a button as well.
 *
 * @module
 */
import { useEffect, useRef, useState, type PointerEvent, type RefObject } from 'react'

interface Gestures {
  readonly onSwipe: () => void
  readonly onHold: () => void
}

interface Swipe {
  /** Of the row that follows the finger. */
  readonly row: RefObject<HTMLElement | null>
  readonly isMoving: boolean
  /** True right after a gesture: the click that ends it is none. */
  readonly isClickMeant: () => boolean
  readonly handlers: {
    readonly onPointerDown: (event: PointerEvent) => void
    readonly onPointerMove: (event: PointerEvent) => void
    readonly onPointerUp: () => void
    readonly onPointerCancel: () => void
    readonly onContextMenu: (event: { preventDefault(): void }) => void
  }
}

/** From here on it is a swipe and no tap. */
const BEGINS_PX = 12
/** Let go beyond this, it is done. */
const DONE_PX = 110
const HOLD_MS = 500

export function useSwipe({ onSwipe, onHold }: Gestures): Swipe {
  const row = useRef<HTMLElement>(null)
  const start = useRef<{ readonly x: number; readonly y: number } | null>(null)
  const moved = useRef(0)
  const isOver = useRef(false)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const [isMoving, setMoving] = useState(false)
  useEffect(() => () => clearTimeout(timer.current), [])
  const moveTo = (x: number): void => {
    moved.current = x
    row.current?.style.setProperty('--moved', `${x}px`)
  }
  const hold = (): void => {
    end()
    isOver.current = true
    ignoreLift()
    onHold()
  }
  const end = (): void => {
    clearTimeout(timer.current)
    start.current = null
    setMoving(false)
    moveTo(0)
  }
  return {
    row,
    isMoving,
    isClickMeant: () => !isOver.current,
    handlers: {
      onPointerDown: ({ clientX, clientY, pointerType, button }) => {
        isOver.current = false
        if (pointerType === 'mouse' || button !== 0) return
        start.current = { x: clientX, y: clientY }
        timer.current = setTimeout(hold, HOLD_MS)
      },
      onPointerMove: ({ clientX, clientY, currentTarget, pointerId }) => {
        if (start.current === null) return
        const [x, y] = [clientX - start.current.x, clientY - start.current.y]
        if (Math.max(Math.abs(x), Math.abs(y)) > BEGINS_PX) clearTimeout(timer.current)
        if (!isOver.current) {
          if (x > -BEGINS_PX || Math.abs(y) > Math.abs(x)) return
          isOver.current = true
          setMoving(true)
          currentTarget.setPointerCapture(pointerId)
        }
        moveTo(Math.min(0, x))
      },
      onPointerUp: () => {
        const isDone = moved.current < -DONE_PX
        end()
        if (isDone) onSwipe()
      },
      // The page is scrolled instead.
      onPointerCancel: end,
      // A held finger on Android, the second button of a mouse anywhere.
      onContextMenu: (event) => {
        event.preventDefault()
        hold()
      },
    },
  }
}

/** What a hold has opened may lie under the finger: lifted, it presses nothing there, and nothing before a finger comes again. */
function ignoreLift(): void {
  const lifted = new AbortController()
  const { signal } = lifted
  const ignore = (event: MouseEvent): void => {
    // By keys, it is meant.
    if (event.detail === 0) return
    event.preventDefault()
    event.stopPropagation()
  }
  addEventListener('click', ignore, { capture: true, signal })
  addEventListener('pointerdown', () => lifted.abort(), { capture: true, signal })
}
