/**
 * The way by which others' edits reach the document: open, or held while an input method composes. Rule CL9.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import type { Doc } from 'yjs'
import { surfaceError } from '../platform.ts'
import { feedUpdate } from '../yjs/feed-update.ts'

export class RemoteGate {
  readonly #doc: Doc
  readonly #origin: unknown
  #held: Bytes[] | null = null

  /** Edits are applied with `origin`. */
  constructor(doc: Doc, origin: unknown) {
    this.#doc = doc
    this.#origin = origin
  }

  hold(): void {
    this.#held ??= []
  }

  release(): void {
    const held = this.#held
    this.#held = null
    if (held) this.apply(held)
  }

  /** Applies updates that count, in one transaction; or keeps them until {@link release}. */
  apply(updates: readonly Bytes[]): void {
    if (this.#held) this.#held.push(...updates)
    else if (updates.length > 0) this.#feed(updates)
  }

  #feed(updates: readonly Bytes[]): void {
    try {
      this.#doc.transact(() => {
        for (const update of updates) feedUpdate(this.#doc, update, this.#origin)
      }, this.#origin)
    } catch (error) {
      // Yjs has integrated everything before it calls observers: what throws is the app's, and the log goes on.
      surfaceError(error)
    }
  }
}
