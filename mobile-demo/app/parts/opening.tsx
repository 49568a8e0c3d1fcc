/**
 * What is seen before a screen is there: its shape.
 *
 * @module
 */
import type { ReactElement } from 'react'

export function Opening(): ReactElement {
  return (
    <main className="screen opening" aria-busy="true">
      <p className="quiet">Opening…</p>
      <span className="ghost" />
      <span className="ghost" />
    </main>
  )
}
