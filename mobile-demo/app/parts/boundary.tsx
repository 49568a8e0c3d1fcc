/**
 * Says in words what keeps the app from opening, and what to do.
 *
 * @module
 */
import { Component, type ReactNode } from 'react'

import { explain } from './explain.ts'

interface BoundaryState {
  readonly error: unknown
}

export class Boundary extends Component<{ readonly children: ReactNode }, BoundaryState> {
  override state: BoundaryState = { error: null }

  static getDerivedStateFromError(error: unknown): BoundaryState {
    return { error }
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children
    return (
      <main className="centre" role="alert">
        <h1>The notes did not open</h1>
        <p>{explain(this.state.error)}</p>
        <button type="button" className="primary" onClick={() => location.reload()}>
          Try again
        </button>
      </main>
    )
  }
}
