/**
 * Local edits that are not sealed yet: merged, and let go when what they depend on is in the log or before them in the queue. Rules CL5, EN10.
 *
 * @module
 */
import {
  AUTHORED_BYTES,
  equalBytes,
  MAX_PARTED_UPDATE_BYTES,
  type AuthoredUpdate,
  type Bytes,
} from '@y-sealed/protocol'
import type * as Y from 'yjs'
import { wallClock } from '../platform.ts'
import { checkUpdate } from '../yjs/check-update.ts'
import type { LogState } from '../yjs/log-state.ts'
import { inspectUpdate, type DeleteRange } from '../yjs/inspect-update.ts'
import { diffAgainst, extendedClients, mergeBatch } from '../yjs/outgoing.ts'
import { ownPart, type OwnPart } from '../yjs/own-part.ts'
import { setAside, setAsideLarge, type SetAside } from '../yjs/set-aside.ts'
import type { UpdateRefusal } from '../yjs/update-limits.ts'
import { AheadClocks } from './ahead-clocks.ts'
import type { TypedUpdate } from '../drafts/draft.ts'
import type { SendProblem } from './send-problem.ts'
import type { TypedClocks } from './typed-clocks.ts'

const MAX_BYTES = MAX_PARTED_UPDATE_BYTES - AUTHORED_BYTES
/** Refused for what stands in it, whatever the log has by then. */
const FOR_GOOD: ReadonlySet<UpdateRefusal> = new Set(['nesting', 'content'])

export interface UnsealedEditsOptions {
  readonly doc: Y.Doc
  /** 16 bytes. */
  readonly device: Bytes
  readonly state: () => LogState
  readonly typedClocks: TypedClocks
  /** True when these Yjs clients are bound to the device; asks for it where they are not. */
  readonly bind: (clients: readonly number[]) => boolean
  /** They cannot leave, and stay on this device. */
  readonly onProblem: (problem: SendProblem) => void
  /** Some content can never leave; the rest does. [CL15] */
  readonly onSetAside: (code: string, content: Bytes) => void
}

export class UnsealedEdits {
  readonly #options: UnsealedEditsOptions
  readonly #ahead: AheadClocks
  #updates: Bytes[] = []
  #count = 0
  #skipped = false
  /** The log has gone back: what this device wrote there is found by comparing, piece by piece as what it hangs on comes again. [LO14] */
  #isOwn: ((client: number) => boolean) | null = null
  /** The same, for good: the document may hold of others what the log has lost, which is theirs to bring again, or is quoted. [CL31] */
  #isOwnAfterLoss: ((client: number) => boolean) | null = null
  /** Deleted in the document and not in the log: to be deleted there, should it come again. */
  #beyond: readonly DeleteRange[] = []
  /** Clients of earlier runs whose structs the log may have lost, or has as another device's. */
  readonly #lostClients = new Set<number>()
  /** Something was taken back: the next to leave is found by comparing. */
  #isTakenBack = false
  /** When the newest of them was made; `null`: to be found by comparing. [EN10] */
  #newestAt: number | null = null
  /** Items of which the app was told. */
  readonly #told = new Set<string>()

  constructor(options: UnsealedEditsOptions) {
    this.#options = options
    this.#ahead = new AheadClocks(options.state)
  }

  /** How many the app would call unsaved. */
  get count(): number {
    return this.#count
  }

  get isEmpty(): boolean {
    return this.#updates.length === 0
  }

  /** An edit made now, or at another time. */
  take(update: Bytes, authored: number = claimedNow()): void {
    this.#updates.push(update)
    this.#count += 1
    this.#newestAt = Math.max(this.#newestAt ?? 0, authored)
  }

  /** Learns of an update that an earlier run has sealed, and that is on its way. */
  noteSealed(update: Bytes): void {
    const inspection = inspectUpdate(update)
    if (!inspection.ok) return
    const { blocks, deletes } = inspection.summary
    this.#ahead.grow(new Map(blocks.map(({ client, end }) => [client, end])), deletes)
  }

  /** Some of what was on its way is not any more, and these are: the rest is the log's word alone, and may leave again. */
  noteGivenUp(left: readonly AuthoredUpdate[]): void {
    this.#ahead.forget()
    for (const { update } of left) this.noteSealed(update)
  }

  /** All that the document has beyond the log and what is on its way, and that is this device's. */
  compare(): AuthoredUpdate {
    const diff = diffAgainst(this.#options.doc, this.#ahead.vector())
    const isOwn = this.#isOwnAfterLoss
    return { update: isOwn === null ? diff : ownPart(diff, () => Infinity, isOwn).update, authored: claimedNow() }
  }

  /** Learns of an edit that may not leave. False when nobody need be told: what Yjs tidies by itself only deletes. */
  skip(update: Bytes): boolean {
    this.#skipped = true
    if (extendedClients(update).length === 0) return false
    this.#newestAt = claimedNow()
    this.#count += 1
    return true
  }

  /** What was skipped may leave now: it is found by comparing. */
  gather(): void {
    if (this.#skipped) {
      this.#isOwn ??= this.#isOwnAfterLoss
      this.#updates.push(diffAgainst(this.#options.doc, this.#ahead.vector()))
      this.#count = Math.max(1, this.#count)
    }
    this.#skipped = false
  }

  /** What was sealed does not count: it is found again by comparing, with the next edit or at the next opening. */
  takeBack(edits: number): void {
    this.#ahead.forget()
    this.#count += edits
    this.#skipped ||= edits > 0
    this.#isTakenBack ||= edits > 0
  }

  /** The log has gone back, and may have lost what was acknowledged: all of this device's own goes out again that the log does not have. */
  startOver(isOwn: (client: number) => boolean): void {
    this.#ahead.forget()
    this.#isOwnAfterLoss = isOwn
    for (const client of this.#options.doc.store.clients.keys()) if (isOwn(client)) this.#lostClients.add(client)
    this.lookForOwn(isOwn)
  }

  /** The document may hold of others what the log lacks: should something have to be found by comparing, it is what is own, unless that is known already. */
  holdsOthers(isOwn: (client: number) => boolean): void {
    this.#isOwnAfterLoss ??= isOwn
  }

  /** As {@link holdsOthers}, and something has to be found so. */
  lookForOwn(isOwn: (client: number) => boolean): void {
    this.holdsOthers(isOwn)
    this.#isOwn = this.#isOwnAfterLoss
    this.#lookAgain()
  }

  /** The log has grown: what came again of what is deleted here is deleted there too. */
  grown(): void {
    const hasCome = this.#beyond.some(({ client, clock }) => clock < this.#ahead.clockOf(client))
    // Where something is looked for already, that is.
    if (!hasCome || this.#isOwn !== null) return
    this.#isOwn = this.#isOwnAfterLoss
    this.#lookAgain()
  }

  /** Learns of an edit of an earlier run that is shown and will never count as it is: the log has one of its clients for another device. */
  rob(clients: readonly number[]): void {
    for (const client of clients) this.#lostClients.add(client)
    this.#count += 1
  }

  /** What of this device's own the log has lost, and has not again: it is in the document, and in nothing else of this device. `null`: nothing. */
  get lost(): TypedUpdate | null {
    if (this.#isOwn === null) return null
    const diff = diffAgainst(this.#options.doc, this.#ahead.vector())
    const { update, hasStructs } = ownPart(diff, () => Infinity, this.#isOwn)
    if (!hasStructs) return null
    const inspection = inspectUpdate(update)
    const typed = inspection.ok ? inspection.summary.blocks.map(({ client, start }) => ({ client, clock: start })) : []
    return { update, authored: claimedNow(), typed }
  }

  #lookAgain(): void {
    this.#updates.push(diffAgainst(this.#options.doc, this.#ahead.vector()))
    this.#count = Math.max(1, this.#count)
  }

  /** All as one update that may leave now, when the newest was made and how many they are; `null` where they have to stay. */
  release(): (AuthoredUpdate & { readonly edits: number }) | null {
    const update = this.#sendable()
    if (update === null) return null
    const released = { update, edits: this.#count, authored: this.#newestAt ?? claimedNow() }
    this.#clear()
    // What waited for others is looked for again when they have come.
    if (this.#isOwn !== null) this.#lookAgain()
    return released
  }

  #sendable(): Bytes | null {
    const { doc, device, state } = this.#options
    const merged = this.#isTakenBack ? null : mergeBatch(this.#updates)
    if (merged === null) this.#isOwn ??= this.#isOwnAfterLoss
    let own = this.#findOwn()
    // All that is left hangs on what others have yet to write anew.
    if (isHeldUp(own)) return null
    const waiting = own?.update ?? merged ?? diffAgainst(doc, this.#ahead.vector())
    this.#updates = [waiting]
    if (!this.#isBound(waiting)) return null
    const ahead = {
      clockOf: (client: number) => this.#ahead.clockOf(client),
      deviceOf: (client: number) => state().deviceOf(client),
    }
    let update = waiting
    let verdict = checkUpdate(update, ahead, device)
    if (!verdict.ok && verdict.code !== 'empty' && own === null) {
      this.#isOwn = this.#isOwnAfterLoss
      own = this.#findOwn()
      if (isHeldUp(own)) return null
      update = own?.update ?? diffAgainst(doc, this.#ahead.vector())
      if (!this.#isBound(update)) return null
      verdict = checkUpdate(update, ahead, device)
    }
    const refused = !verdict.ok && FOR_GOOD.has(verdict.code) ? setAside(update) : null
    if (refused !== null) {
      // Whose clocks it extends could not be told before.
      if (!this.#isBound(refused.update)) return null
      verdict = checkUpdate(refused.update, ahead, device)
      if (verdict.ok) this.#tell('EDIT_SET_ASIDE', refused)
    }
    const large = verdict.ok && verdict.feed.length > MAX_BYTES ? setAsideLarge(verdict.feed, MAX_BYTES) : null
    if (large !== null) {
      verdict = checkUpdate(large.update, ahead, device)
      if (verdict.ok) this.#tell('TOO_LARGE', large)
    }
    if (!verdict.ok) return this.#keep(verdict.code)
    // A document that was stored brings what the log has long since: that does not leave again.
    if (verdict.growth.size === 0 && this.#ahead.hasDeleted(verdict.deletes)) return this.#keep('empty')
    this.#ahead.grow(verdict.growth, verdict.deletes)
    return verdict.feed
  }

  /** What can leave now of what the log lost; `null` once it has all of it, or lost nothing. */
  #findOwn(): OwnPart | null {
    if (this.#isOwn === null) return null
    const clockOf = (client: number): number => this.#ahead.clockOf(client)
    const own = ownPart(diffAgainst(this.#options.doc, this.#ahead.vector()), clockOf, this.#isOwn)
    this.#beyond = own.beyond
    if (!own.isWaiting) this.#isOwn = null
    return own
  }

  #isBound(update: Bytes): boolean {
    return this.#options.bind([
      ...this.#robbedClients(),
      ...extendedClients(update, (each) => this.#ahead.clockOf(each)),
    ])
  }

  /** Under these this device has written what another one may have filled the log with since: by its clocks the log seems to have it. */
  #robbedClients(): readonly number[] {
    const { typedClocks, state, device } = this.#options
    const own = [...typedClocks.all.map(({ client }) => client), ...this.#lostClients]
    return own.filter((client) => !equalBytes(state().deviceOf(client) ?? device, device))
  }

  /** Once for each item: what was sealed may have to be sealed anew. */
  #tell(code: string, { content, names }: SetAside): void {
    if (names.length > 0 && names.every((name) => this.#told.has(name))) return
    for (const name of names) this.#told.add(name)
    this.#options.onSetAside(code, content)
  }

  #keep(code: string): null {
    const { onProblem } = this.#options
    if (code === 'empty') this.#clear()
    else {
      const message = `an edit cannot be sent yet (${code}) and stays on this device`
      onProblem({ code: 'DEPENDS_ON_UNSENT', message })
    }
    return null
  }

  #clear(): void {
    this.#isTakenBack = false
    this.#updates = []
    this.#count = 0
    this.#newestAt = null
  }
}

function isHeldUp(own: OwnPart | null): boolean {
  return own?.isWaiting === true && !own.hasStructs
}

/** As much of this device's clock as EN10 can say. */
export function claimedNow(): number {
  return Math.max(0, Math.trunc(wallClock()))
}
