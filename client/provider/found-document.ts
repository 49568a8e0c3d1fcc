/**
 * What a Y.Doc held before the run, out of a store of the app's own say: what of it is new to the log leaves from here, but for what another device has to
 * bring. Rules CL14, CL2.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import type { Device, Session } from '@y-sealed/protocol/sealing'
import type { DocumentAccess } from '../document/document-access.ts'
import type { EditBook } from '../drafts/edit-book.ts'
import { draftDocument, othersIn } from '../drafts/whole-draft.ts'
import type { DocumentLog } from '../log/document-log.ts'
import type { OwnClients } from './own-clients.ts'
import type { SendProblem } from './send-problem.ts'
import { claimedNow, type UnsealedEdits } from './unsealed-edits.ts'

export interface FoundDocumentOptions {
  readonly access: DocumentAccess
  readonly log: DocumentLog
  readonly device: Device
  readonly session: () => Session
  readonly own: OwnClients
  readonly edits: UnsealedEdits
  readonly book: EditBook
  readonly onProblem: (problem: SendProblem) => void
}

export class FoundDocument {
  readonly #options: FoundDocumentOptions
  /** How far it goes in clients of others who may bring that. */
  #others: ReadonlyMap<number, number> = new Map()

  constructor(options: FoundDocumentOptions) {
    this.#options = options
  }

  /** Its state, once the kept log is read: that tells whose clients are whose. */
  take(state: Bytes): void {
    const { log, device, own, edits, book } = this.#options
    const bound = log.state.boundClients()
    own.learn(bound, device.id)
    const left = new Set(bound.filter((each) => this.#hasLeft(each.device)).map(({ client }) => client))
    const isOwn = (client: number): boolean => own.mayBe(client) || left.has(client)
    const draft = draftDocument(state, claimedNow(), (client) => !isOwn(client))
    edits.take(state, draft.authored)
    if (draft.typed.length > 0) edits.lookForOwn(isOwn)
    // Whoever has stored the document keeps what is others' in it.
    book.keep(draft)
    this.#others = othersIn(draft)
  }

  /** The log is read up to the relay's head: what is others' and not in it they have yet to bring. */
  opened(): void {
    const { log, onProblem } = this.#options
    const isLacking = [...this.#others].some(([client, end]) => end > log.state.clockOf(client))
    this.#others = new Map()
    if (!isLacking) return
    const message =
      'the document was opened with words of another device that are not in the log: that device has to bring them, and they stay here until then'
    onProblem({ code: 'DEPENDS_ON_UNSENT', message })
  }

  /** May a device write no more, so that what it has not brought into the log it never will? With a shared key nobody can tell. */
  #hasLeft(device: Bytes): boolean {
    const { access, log, session } = this.#options
    if (access.mode === 'shared-key') return false
    const role = log.authority.roleAt(device, session().id, log.head.seq + 1)
    return role !== 'writer' && role !== 'admin'
  }
}
