/**
 * Own edits as a device keeps them apart from the log: written down until they are sealed, left by earlier runs, set aside for good. Rules CL14,
 * CL15.
 *
 * @module
 */
import { SyncError, type AuthoredUpdate, type Bytes } from '@y-sealed/protocol'
import type { Doc } from 'yjs'
import type { DocumentAccess } from '../document/document-access.ts'
import type { Outbox, OutboxItem } from '../outbox/outbox.ts'
import { restoreQueue, updatesOf, type Restored } from '../provider/restore-queue.ts'
import type { SendProblem } from '../provider/send-problem.ts'
import { joinTypedClocks, type TypedClocks } from '../provider/typed-clocks.ts'
import { DraftBook, OWN_SESSION } from './draft-book.ts'
import { isDraft, type TypedUpdate } from './draft.ts'
import { Leftovers, type LeftoversOptions } from './leftovers.ts'
import { SetAsideList } from './set-aside-list.ts'

export interface EditBookOptions extends Pick<LeftoversOptions, 'onShown' | 'heirOf' | 'clockOf'> {
  readonly doc: Doc
  readonly access: DocumentAccess
  readonly outbox: Outbox
  readonly typedClocks: TypedClocks
  /** Puts an own edit of an earlier run into the document. */
  readonly show: (update: Bytes) => void
  readonly onProblem: (problem: SendProblem) => void
  /** {@link EditBook.setAside} is another. */
  readonly onSetAside: () => void
  /** {@link EditBook.isKept} may be true now. */
  readonly onKept: () => void
}

/** What is to be sent again, and what it says. */
export type RestoredEdits = Restored & { readonly updates: readonly AuthoredUpdate[] }

export class EditBook {
  /** What can never leave. */
  readonly setAside: SetAsideList
  readonly #options: EditBookOptions
  readonly #drafts: DraftBook
  readonly #leftovers: Leftovers
  /** Taken, and not written down: in a moment they are sealed, or else they are. */
  #undrafted: AuthoredUpdate[] = []

  constructor(options: EditBookOptions) {
    this.#options = options
    const { access, outbox, onProblem, onKept } = options
    this.#drafts = new DraftBook({
      documentId: access.documentId,
      outbox,
      key: () => access.draftKey,
      keyOf: (epoch) => access.keyOf(epoch),
      onProblem,
      onKept,
    })
    this.setAside = new SetAsideList(this.#drafts, options.onSetAside, (error) => {
      const code = error instanceof SyncError ? error.code : 'OUTBOX_FAILED'
      const message = 'content that can never leave could not be written down: the edit that it was taken from is kept'
      onProblem({ code, message })
    })
    const { doc, show: apply, onShown, heirOf, clockOf } = options
    this.#leftovers = new Leftovers({ doc, apply, onShown, heirOf, clockOf })
  }

  /** How many edits of earlier runs are not sealed, nor shown yet. */
  get hidden(): number {
    return this.#leftovers.count
  }

  /** Takes what an earlier run did not see acknowledged out of the outbox, sealed or not; gives what is to be sent again, and what it says. */
  async restore(): Promise<RestoredEdits> {
    const { outbox, access } = this.#options
    return this.#take(await outbox.list(access.documentId))
  }

  /** As {@link restore}, of tabs that have gone since; `null` where there is nothing of any. */
  async adopt(): Promise<RestoredEdits | null> {
    const { outbox, access } = this.#options
    const items = (await outbox.adopt?.(access.documentId)) ?? []
    return items.length === 0 ? null : this.#take(items)
  }

  #take(items: readonly OutboxItem[]): RestoredEdits {
    const { access, onProblem } = this.#options
    const queue = restoreQueue(
      items.filter((item) => !isDraft(item)),
      access,
    )
    const updates = updatesOf(queue.entries)
    const drafts = this.#drafts.adopt(items.filter(isDraft))
    this.setAside.restore(drafts.refused)
    this.#leftovers.add(updates.map((edit) => ({ ...edit, typed: [], isSealed: true, session: null })))
    this.#leftovers.add(drafts.edits.map((edit) => ({ ...edit, isSealed: false })))
    const damaged = queue.damaged + drafts.damaged
    if (damaged + queue.fragments.length > 0) {
      const which = damaged > 0 ? 'an entry of the outbox does not open' : 'a large edit of the outbox is not whole'
      onProblem({ code: 'OUTBOX_DAMAGED', message: `${which} and is left there` })
    }
    return { ...queue, updates }
  }

  /** Shows what earlier runs have left, as far as the document holds what it leans on. */
  show(): void {
    this.#leftovers.show()
  }

  /** An edit was taken: it is sealed in a moment, or {@link writeDown} is called. */
  note(edit: AuthoredUpdate): void {
    this.#undrafted.push(edit)
  }

  /** Writes down what could not be sealed, and what could not be written before. */
  writeDown(): void {
    for (const edit of this.#undrafted.splice(0)) this.keep(edit)
    this.#drafts.write()
  }

  /** Writes down an edit that is found in the document; `typed`: what of it an earlier run of this device made. */
  keep({ update, authored, typed = [] }: AuthoredUpdate & Partial<TypedUpdate>): void {
    const { typedClocks } = this.#options
    this.#drafts.keep({ update, authored, typed: joinTypedClocks(typed, typedClocks.all) })
  }

  /** Writes the whole document down, with what others made: it stays until the log has that. */
  keepDocument(edit: TypedUpdate): void {
    this.keep(edit)
    this.#leftovers.hold(edit, OWN_SESSION)
  }

  /** What an earlier run has sealed is not to be sent as it is: it is a draft from now on. False where it is shown already, as it was. */
  unseal(edit: TypedUpdate): boolean {
    this.#drafts.keep(edit)
    return this.#leftovers.unseal(edit, OWN_SESSION)
  }

  /** The storage was thrown away: all of it is written down once more. */
  writeAnew(): void {
    for (const { update, authored, typed } of this.#leftovers.unsealed) this.#drafts.keep({ update, authored, typed })
    this.#drafts.writeAnew()
    this.setAside.writeAnew()
  }

  /** The log has grown: true where of what {@link release} has held back something may go. */
  letGo(): boolean {
    return this.#leftovers.letGo()
  }

  /**
   * All that was taken is sealed, or was nothing new; the result forgets what was written down of it, once that is stored. What is not shown yet
   * was not taken.
   */
  release(): () => void {
    this.#undrafted = []
    this.letGo()
    return this.#drafts.release(this.#leftovers.sessions)
  }

  putAside(code: string, content: Bytes, authored: number): void {
    this.setAside.add(code, content, authored)
    const message = `content stays here that can never leave (${code}): the rest goes on without it`
    this.#options.onProblem({ code: 'EDIT_SET_ASIDE', message, content })
  }

  /** Everything that was taken would survive a crash, or is sealed. */
  get isKept(): boolean {
    return this.#undrafted.length === 0 && this.#drafts.isKept
  }

  /** Resolves when everything written down so far would survive a crash. */
  whenKept(): Promise<void> {
    return this.#drafts.whenKept()
  }

  close(): void {
    this.writeDown()
    this.#drafts.close()
    this.setAside.close()
  }
}
