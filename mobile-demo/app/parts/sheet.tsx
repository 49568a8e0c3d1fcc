/**
 * A sheet that comes up from the foot of the screen; Escape, its cross, and a tap beside it close it.
 *
 * @module
 */
import { useId, useLayoutEffect, useRef, type ReactElement, type ReactNode } from 'react'

import { IconButton } from './icon-button.tsx'

interface SheetProps {
  readonly title: string
  readonly onClose: () => void
  readonly children: ReactNode
}

export function Sheet({ title, onClose, children }: SheetProps): ReactElement {
  const ref = useRef<HTMLDialogElement>(null)
  const heading = useId()
  // Before the dialog leaves the page: only then the focus goes back to where it was.
  useLayoutEffect(() => {
    const dialog = ref.current
    if (dialog?.open === false) dialog.showModal()
    return () => dialog?.close()
  }, [])
  return (
    <dialog
      ref={ref}
      className="sheet"
      aria-labelledby={heading}
      onCancel={(event) => {
        // A file that was not chosen is told in the same word, by the field in here.
        if (event.target === ref.current) onClose()
      }}
      onClick={(event) => {
        if (event.target === ref.current) onClose()
      }}
    >
      <div className="sheet-body">
        <header>
          <h2 id={heading}>{title}</h2>
          <IconButton icon="close" label="Close" onPress={onClose} />
        </header>
        {children}
      </div>
    </dialog>
  )
}
