/**
 * The way by which others' edits reach the document: open, or held while an input method composes. Rule CL20.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import { diffUpdateV2, encodeStateVector, type Doc } from 'yjs'
import { surfaceError } from '../platform.ts'
import { feedUpdate } from '../yjs/feed-update.ts'

/** Who holds the gate: the app, the input gate that watches an editor, or an adapter without its provider. It is open when nobody does. */
export type GateHolder = 'app' | 'input' | 'adapter'

export class RemoteGate {
  readonly #doc: Doc
  readonly #origin: () => unknown
  readonly #holders = new Set<GateHolder>()
  #held: Bytes[] = []

  /** Edits are applied with what `origin` gives at that moment. */
  constructor(doc: Doc, origin: () => unknown) {
    this.#doc = doc
    this.#origin = origin
  }

  hold(holder: GateHolder = 'app'): void {
    this.#holders.add(holder)
  }

  /** Applies what waited once the last holder has let go. */
  release(holder: GateHolder = 'app'): void {
    this.#holders.delete(holder)
    if (this.#holders.size > 0) return
    const held = this.#held
    this.#held = []
    this.apply(held)
  }

  /** Applies updates that count, in one transaction; or keeps them until {@link release}. */
  apply(updates: readonly Bytes[]): void {
    if (this.#holders.size > 0) this.#held.push(...updates)
    else if (updates.length > 0) this.#feed(updates)
  }

  /** Applies what the document does not have of a whole state that counts. */
  applyState(state: Bytes): void {
    const isNew = this.#doc.store.clients.size === 0
    this.apply([isNew ? state : (diffUpdateV2(state, encodeStateVector(this.#doc)) as Bytes)])
  }

  /** Applies an own edit of an earlier run, whoever holds the gate. */
  show(update: Bytes): void {
    this.#feed([update])
  }

  #feed(updates: readonly Bytes[]): void {
    const origin = this.#origin()
    try {
      this.#doc.transact(() => {
        for (const update of updates) feedUpdate(this.#doc, update, origin)
      }, origin)
    } catch (error) {
      // Yjs has integrated everything before it calls observers: what throws is the app's, and the log goes on.
      surfaceError(error)
    }
  }
}
