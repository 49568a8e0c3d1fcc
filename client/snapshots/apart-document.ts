/**
 * A Y.Doc apart from the app's, which holds what the counted log says and nothing else: neither unsent edits, nor what Yjs tidies by itself,
 * nor a client id of its own. Rules LO10, CL9.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import * as Y from 'yjs'
import { feedUpdate } from '../yjs/feed-update.ts'

export class ApartDocument {
  /** Not to be changed but by {@link feed}. */
  readonly doc: Y.Doc = new Y.Doc({ gc: true })

  /** Takes updates that count, in log order. */
  feed(updates: readonly Bytes[]): void {
    if (updates.length === 0) return
    this.doc.transact((transaction) => {
      for (const update of updates) feedUpdate(this.doc, update, null)
      // Texts with formats tidy themselves after what others did, by deletes that are in no log.
      transaction.local = true
    })
  }

  /** All of it as one Yjs V2 update. */
  encode(): Bytes {
    return Y.encodeStateAsUpdateV2(this.doc) as Bytes
  }

  destroy(): void {
    this.doc.destroy()
  }
}
