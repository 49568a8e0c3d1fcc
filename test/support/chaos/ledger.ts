/**
 * What people wrote, and how far each edit has come: the model against which a text is held. A word is one character that nobody else
 * writes, so that "exactly once" can be counted.
 *
 * @module
 */

/** `made`: it may be lost with its tab. `kept`: the device has it. `saved`: the relay has it, and it counts. */
export type Stage = 'made' | 'kept' | 'saved'

export interface Edit<Author> {
  readonly kind: 'word' | 'strike'
  readonly word: string
  readonly author: Author
  stage: Stage
}

/** Words begin here; no other text of a test reaches so far. */
const FIRST_WORD = 0x4e00

export class Ledger<Author> {
  readonly #edits: Edit<Author>[] = []
  /** Made before the relay last lost something: its ACK may be of what it has lost. */
  readonly #doubtful = new Set<Edit<Author>>()
  /** Their device has thrown away what it had of them. */
  readonly #thrownAway = new Set<Edit<Author>>()
  #words = 0

  /** A word that nobody has written yet. */
  newWord(): string {
    return String.fromCodePoint(FIRST_WORD + this.#words++)
  }

  note(kind: Edit<Author>['kind'], word: string, author: Author): Edit<Author> {
    const edit: Edit<Author> = { kind, word, author, stage: 'made' }
    this.#edits.push(edit)
    return edit
  }

  /** The relay has said that it has it. */
  save(edit: Edit<Author>): void {
    edit.stage = this.#doubtful.has(edit) ? 'kept' : 'saved'
  }

  /** Those that the relay has. */
  listSaved(): ReadonlySet<Edit<Author>> {
    return new Set(this.#edits.filter(({ stage }) => stage === 'saved'))
  }

  /** Of all that was saved the relay has only those any more; the others are where they were made, if they are. */
  takeBack(saved: ReadonlySet<Edit<Author>>): void {
    for (const edit of this.#edits) {
      if (edit.stage === 'saved' && !saved.has(edit)) edit.stage = this.#thrownAway.has(edit) ? 'made' : 'kept'
      this.#doubtful.add(edit)
    }
  }

  /** What that device had of this author's, and of nobody else's, is gone: gives what would be kept again once it is stored anew. */
  lose(author: Author): readonly Edit<Author>[] {
    const lost = this.#edits.filter((edit) => edit.author === author && edit.stage === 'kept')
    for (const edit of lost) edit.stage = 'made'
    for (const edit of this.#edits) if (edit.author === author) this.#thrownAway.add(edit)
    return lost
  }

  /** Who did what with a word, and how far that has come. */
  describe(word: string, nameOf: (author: Author) => string): string {
    const edits = this.#edits.filter((edit) => edit.word === word)
    return edits.map(({ kind, author, stage }) => `${kind} ${word} of ${nameOf(author)} ${stage}`).join(' ')
  }

  count(stage: Stage): number {
    return this.#edits.filter((edit) => edit.stage === stage).length
  }

  /**
   * What is wrong with a text that all agree on. What is saved must be there; what is kept too, where its author stayed; what is neither may
   * be there; nothing twice, and nothing that was struck out.
   */
  faultsOf(text: string, hasStayed: (author: Author) => boolean): string[] {
    const isCertain = ({ stage, author }: Edit<Author>): boolean =>
      stage === 'saved' || (stage === 'kept' && hasStayed(author))
    const faults: string[] = []
    const counts = countWords(text)
    for (const edit of this.#edits.filter(({ kind }) => kind === 'word')) {
      const strikes = this.#edits.filter(({ kind, word }) => kind === 'strike' && word === edit.word)
      const count = counts.get(edit.word) ?? 0
      const most = strikes.some(isCertain) ? 0 : 1
      const least = isCertain(edit) && strikes.length === 0 ? 1 : 0
      if (count < least || count > most) faults.push(`${edit.word} (${edit.stage}) stands there ${count} times`)
      counts.delete(edit.word)
    }
    for (const word of counts.keys()) faults.push(`nobody wrote ${word}`)
    return faults
  }
}

/** The words of a text, in order. */
export function wordsOf(text: string): string[] {
  return [...text].filter((character) => (character.codePointAt(0) as number) >= FIRST_WORD)
}

function countWords(text: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const word of wordsOf(text)) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}
