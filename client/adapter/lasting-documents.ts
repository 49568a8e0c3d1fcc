/**
 * The documents of one socket class, by name: a provider that connects again finds what it had, and what nobody has is forgotten.
 *
 * @module
 */
import type { AdaptedDocument, Keeper } from './adapted-document.ts'
import { LastingDocument } from './lasting-document.ts'

export class LastingDocuments {
  readonly #byName = new Map<string, LastingDocument>()

  /** Opens with `open` when somebody first enters. */
  get(name: string, open: (keeper: Keeper) => Promise<AdaptedDocument>): LastingDocument {
    const known = this.#byName.get(name)
    if (known) return known
    const document = new LastingDocument(open, () => this.#byName.delete(name))
    this.#byName.set(name, document)
    return document
  }

  /** Names of those whose provider lost its socket with the network, and is expected back. */
  lost(): readonly string[] {
    return [...this.#byName].filter(([, document]) => document.isLost).map(([name]) => name)
  }
}
