/**
 * One line at the foot of the screen that goes away by itself, with something to take back.
 *
 * @module
 */
import { createContext, use, useEffect, useState, type ReactElement, type ReactNode } from 'react'

export interface Snack {
  readonly text: string
  readonly action?: { readonly label: string; readonly run: () => void }
  /** Called when it goes without its action. */
  readonly onGone?: () => void
}

const SHOWN_MS = 5_000

const Show = createContext<(snack: Snack) => void>(() => undefined)

/** Shows a line; another one replaces it. */
export function useSnackbar(): (snack: Snack) => void {
  return use(Show)
}

export function SnackbarHost({ children }: { readonly children: ReactNode }): ReactElement {
  const [snack, setSnack] = useState<Snack | null>(null)
  /** Whoever points at it, or has come to its button by the keyboard, is given the time it takes. */
  const [isHeld, setHeld] = useState(false)
  useEffect(() => {
    if (snack === null || isHeld) return undefined
    const timer = setTimeout(() => {
      snack.onGone?.()
      setSnack(null)
    }, SHOWN_MS)
    return () => clearTimeout(timer)
  }, [snack, isHeld])
  const show = (next: Snack): void => {
    snack?.onGone?.()
    setHeld(false)
    setSnack(next)
  }
  const { action } = snack ?? {}
  return (
    <Show value={show}>
      {children}
      <div className="snackbar-host" role="status" aria-live="polite">
        {snack !== null && (
          <p
            className="snackbar"
            onPointerEnter={({ pointerType }) => setHeld(pointerType === 'mouse')}
            onPointerLeave={() => setHeld(false)}
            onFocus={() => setHeld(true)}
            onBlur={() => setHeld(false)}
          >
            <span>{snack.text}</span>
            {action !== undefined && (
              <button
                type="button"
                onClick={() => {
                  action.run()
                  setSnack(null)
                }}
              >
                {action.label}
              </button>
            )}
          </p>
        )}
      </div>
    </Show>
  )
}
