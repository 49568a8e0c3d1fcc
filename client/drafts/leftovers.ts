/**
 * Own edits that an earlier run did not see saved: shown again as soon as the document holds what they lean on. Rule CL14.
 *
 * @module
 */
import type { AuthoredUpdate, Bytes } from '@y-sealed/protocol'
import type { Doc } from 'yjs'
import { fitsDocument } from '../yjs/fits-document.ts'

export interface Leftover extends AuthoredUpdate {
  /** It is on its way already; else it is to be sealed once it is shown. */
  readonly isSealed: boolean
}

export interface LeftoversOptions {
  readonly doc: Doc
  /** Puts an update into the document, as none of the app's edits. */
  readonly apply: (update: Bytes) => void
  /** One that is to be sealed is shown. */
  readonly onShown: (edit: AuthoredUpdate) => void
}

export class Leftovers {
  readonly #options: LeftoversOptions
  #hidden: Leftover[] = []

  constructor(options: LeftoversOptions) {
    this.#options = options
  }

  /** How many are to be sealed and not shown yet. */
  get count(): number {
    return this.#hidden.filter(({ isSealed }) => !isSealed).length
  }

  add(leftovers: readonly Leftover[]): void {
    this.#hidden.push(...leftovers)
  }

  /** Shows what can be shown, in any order that works. */
  show(): void {
    for (;;) {
      const next = this.#hidden.findIndex(({ update }) => fitsDocument(this.#options.doc, update))
      const [shown] = next === -1 ? [] : this.#hidden.splice(next, 1)
      if (shown === undefined) return
      this.#options.apply(shown.update)
      if (!shown.isSealed) this.#options.onShown(shown)
    }
  }

  /** The log is whole: what cannot be shown by now never can. What is on its way says for itself what becomes of it. */
  giveUp(): readonly Leftover[] {
    const lost = this.#hidden.filter(({ isSealed }) => !isSealed)
    this.#hidden = []
    return lost
  }
}
