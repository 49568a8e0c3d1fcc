/**
 * Own edits that an earlier run did not see saved: shown again as soon as the document holds what they lean on. Rule CL14.
 *
 * @module
 */
import { equalBytes, type Bytes } from '@y-sealed/protocol'
import type { Doc } from 'yjs'
import { fitsDocument } from '../yjs/fits-document.ts'
import { extendedClients } from '../yjs/outgoing.ts'
import { reauthorUpdate, type Inheritance } from '../yjs/reauthor-update.ts'
import { joinTypedClocks, type TypedClock } from '../provider/typed-clocks.ts'
import type { TypedUpdate } from './draft.ts'
import { othersIn } from './whole-draft.ts'

export interface Leftover extends TypedUpdate {
  /** It is on its way already; else it is to be sealed once it is shown. */
  readonly isSealed: boolean
  /** Of the draft that it was; `null` where it was none. */
  readonly session: string | null
}

export interface LeftoversOptions {
  readonly doc: Doc
  /** Puts an update into the document, as none of the app's edits. */
  readonly apply: (update: Bytes) => void
  /** One that is to be sealed is shown. */
  readonly onShown: (edit: TypedUpdate) => void
  /** Who is to have made what a client id made that is another device's; `null` for an id that is not. */
  readonly heirOf: (client: number) => Inheritance | null
  /** How far the log has a client. */
  readonly clockOf: (client: number) => number
}

/** A draft that is shown with what others made, and how far that goes. */
interface Beside {
  readonly session: string
  readonly others: ReadonlyMap<number, number>
}

export class Leftovers {
  readonly #options: LeftoversOptions
  #hidden: Leftover[] = []
  /** What others made in them the log lacks: nobody else may have it, and it is not this device's to send. */
  #beside: readonly Beside[] = []
  /** Kept, for the log goes on: by the taken id. */
  readonly #inheritances = new Map<number, Inheritance>()

  constructor(options: LeftoversOptions) {
    this.#options = options
  }

  /** How many are to be sealed and not shown yet. */
  get count(): number {
    return this.#hidden.filter(({ isSealed }) => !isSealed).length
  }

  /** Those that are to be sealed and not shown yet. */
  get unsealed(): readonly TypedUpdate[] {
    return this.#hidden.filter(({ isSealed }) => !isSealed)
  }

  /** The drafts' sessions of which something is not shown yet, or shown and others' and not in the log. */
  get sessions(): ReadonlySet<string> {
    return new Set([
      ...this.#hidden.flatMap(({ session }) => session ?? []),
      ...this.#beside.map((each) => each.session),
    ])
  }

  /** A draft of a session is in the document: where it holds what others made, it stays until the log has that. */
  hold(edit: TypedUpdate, session: string): void {
    const others = othersIn(edit)
    if (others.size > 0) this.#beside = [...this.#beside, { session, others }]
  }

  /** The log has grown. True where a draft need not stay any more. */
  letGo(): boolean {
    const { clockOf } = this.#options
    const before = this.#beside
    this.#beside = before.filter(({ others }) => [...others].some(([client, end]) => end > clockOf(client)))
    return this.#beside.length < before.length
  }

  add(leftovers: readonly Leftover[]): void {
    this.#hidden.push(...leftovers)
  }

  /**
   * What was sealed is to be sealed otherwise: it is shown as `edit` is, whose draft is of a session. False where it is shown already, as it was.
   */
  unseal(edit: TypedUpdate, session: string): boolean {
    const at = this.#hidden.findIndex(({ isSealed, update }) => isSealed && equalBytes(update, edit.update))
    if (at === -1) return false
    this.#hidden[at] = { ...edit, isSealed: false, session }
    return true
  }

  /** Shows what can be shown, in any order that works. */
  show(): void {
    this.#hidden = this.#hidden.map((leftover) => (leftover.isSealed ? leftover : this.#reauthor(leftover)))
    for (;;) {
      const next = this.#hidden.findIndex(({ update }) => fitsDocument(this.#options.doc, update))
      const [shown] = next === -1 ? [] : this.#hidden.splice(next, 1)
      if (shown === undefined) return
      this.#options.apply(shown.update)
      if (shown.isSealed) continue
      if (shown.session !== null) this.hold(shown, shown.session)
      this.#options.onShown(shown)
    }
  }

  /** What was made on this device for certain, by what is left of it. */
  get #typed(): readonly TypedClock[] {
    return joinTypedClocks(...this.#hidden.map(({ typed }) => typed))
  }

  /** What bears an id of another device's goes on under another one. [CL14] */
  #reauthor(leftover: Leftover): Leftover {
    for (const client of extendedClients(leftover.update)) {
      const heir = this.#options.heirOf(client)
      if (heir === null || this.#inheritances.has(client)) continue
      // Whoever has the id now may have filled the same clocks, and not by accident.
      const { clock = heir.clock } = this.#typed.find((each) => each.client === client) ?? {}
      this.#inheritances.set(client, { ...heir, clock })
    }
    let { update } = leftover
    for (const inheritance of this.#inheritances.values()) update = reauthorUpdate(update, inheritance)
    return { ...leftover, update }
  }
}
