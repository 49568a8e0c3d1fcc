/**
 * Who has a document open: the app itself, until it closes it, and those parts of it that have it on loan, until they give it back. It closes when
 * the last of them is done.
 *
 * @module
 */
import type { SealedDocument } from './sealed-document.ts'

/** An open document that one part of an app has among others. */
export interface DocumentLoan {
  /** Each of those who have it has the same one. It stays open until {@link giveBack}, unless it ends by itself (`ended`). */
  readonly document: SealedDocument
  /**
   * This part is done with it. The document is closed at once where no other has it on loan and the app has not opened it by itself. Further calls
   * change nothing, nor does one after it has ended.
   */
  readonly giveBack: () => void
}

export class DocumentLoans {
  readonly #find: (id: string) => SealedDocument | null
  /** Also of those that are still being opened: who gives back meanwhile must not close it. */
  readonly #loansById = new Map<string, Set<object>>()
  readonly #openingById = new Map<string, Promise<SealedDocument>>()
  readonly #appsOwn = new WeakSet<SealedDocument>()

  /** `find`: the open document of an id. */
  constructor(find: (id: string) => SealedDocument | null) {
    this.#find = find
  }

  /** Lends what `open` opens, or finds open. Rejects as `open`; nothing is lent then. */
  async lend(id: string, open: () => Promise<SealedDocument>): Promise<DocumentLoan> {
    const loan = {}
    this.#note(id, loan)
    try {
      const document = await (this.#find(id) === null ? this.#openInTurn(id, open) : open())
      const giveBack = (): void => {
        document.off('ended', giveBack)
        this.#end(id, loan)
      }
      // An opening of another that was given up may have taken the note away; one that ended in between is nobody's.
      if (this.#find(id) === document) this.#note(id, loan)
      else this.#end(id, loan)
      document.on('ended', giveBack)
      return { document, giveBack }
    } catch (error) {
      this.#end(id, loan)
      throw error
    }
  }

  /** What `open` opens, or finds open, is the app's own from then on. */
  async open(id: string, open: () => Promise<SealedDocument>): Promise<SealedDocument> {
    const { document, giveBack } = await this.lend(id, open)
    this.own(document)
    giveBack()
    return document
  }

  /** The app has it until it closes it. */
  own(document: SealedDocument): void {
    this.#appsOwn.add(document)
  }

  /** The app closes it. False while somebody has it on loan: the last of them closes it. */
  letGo(document: SealedDocument): boolean {
    this.#appsOwn.delete(document)
    return !this.#loansById.has(document.id)
  }

  /** Whoever has it on loan has it no more: it can be closed. */
  revoke(id: string): void {
    this.#loansById.delete(id)
  }

  /** Two that come by a link for one at once, as a double mount does, are one: who comes second finds the document open. */
  async #openInTurn(id: string, open: () => Promise<SealedDocument>): Promise<SealedDocument> {
    const before = this.#openingById.get(id)
    const opening = before === undefined ? open() : before.then(open, open)
    this.#openingById.set(id, opening)
    try {
      return await opening
    } finally {
      if (this.#openingById.get(id) === opening) this.#openingById.delete(id)
    }
  }

  #note(id: string, loan: object): void {
    const loans = this.#loansById.get(id) ?? new Set()
    this.#loansById.set(id, loans.add(loan))
  }

  #end(id: string, loan: object): void {
    const loans = this.#loansById.get(id)
    if (loans === undefined || !loans.delete(loan) || loans.size > 0) return
    this.#loansById.delete(id)
    const document = this.#find(id)
    if (document !== null && !this.#appsOwn.has(document)) document.close()
  }
}
