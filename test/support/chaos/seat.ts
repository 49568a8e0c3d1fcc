/**
 * One device of a test full of chaos: its runs come and go, by request and without, and what it keeps stays. It notes what it writes and how
 * far that has come.
 *
 * @module
 */
import type {
  DocumentAccess,
  DownReason,
  IntegrityReport,
  Membership,
  OutboxItem,
  SealedProvider,
  SendProblem,
} from '@y-sealed/client'
import { nodeWebSocket } from '@y-sealed/client/node'
import * as Y from 'yjs'

import type { LyingRelay } from '../lying-relay.ts'
import type { Disk } from './disk.ts'
import { wordsOf, type Edit, type Ledger } from './ledger.ts'
import { describeItem } from './pending.ts'
import { Tab } from './tab.ts'

/** The close code of a relay whose log does not fit. */
const DISTRUST = 4409

/** A document that an app has open. */
export interface Opened {
  readonly provider: SealedProvider
  readonly access: DocumentAccess
  /** As an app that ends: what is under way with its storage goes on. */
  close(): void
}

/** How this device opens the document in another run. */
export type Opener = (seat: Seat, tab: Tab) => Promise<Opened>

interface Run extends Opened {
  readonly tab: Tab
  readonly edits: Edit<Seat>[]
  /** Thrown away with the storage, and to be stored anew. */
  readonly lost: Edit<Seat>[]
  /** Its storage holds what it held before it was thrown away. */
  whenStored: Promise<void>
}

export class Seat {
  readonly name: string
  readonly lying: LyingRelay
  readonly reports: IntegrityReport[] = []
  /** Of this run. */
  readonly closings: DownReason[] = []
  readonly problems: SendProblem[] = []
  /** What happened to it, in short. */
  readonly life: string[] = []
  /** Of each of its runs in turn: the keys that it ever had. */
  readonly memberships: Membership[] = []
  readonly #disk: Disk
  readonly #ledger: Ledger<Seat>
  readonly #open: Opener
  #run: Run | null = null
  #wasClosed = false
  #hasLeft = false
  #evictions = 0
  #last: Promise<void> = Promise.resolve()

  constructor(name: string, lying: LyingRelay, disk: Disk, ledger: Ledger<Seat>, open: Opener) {
    this.name = name
    this.lying = lying
    this.#disk = disk
    this.#ledger = ledger
    this.#open = open
  }

  /** `null` while the app is closed. */
  get provider(): SealedProvider | null {
    return this.#run?.provider ?? null
  }

  /** One of its runs was told that it is out. */
  get wasClosed(): boolean {
    return this.#wasClosed
  }

  /** It does not believe the relay: what is written waits. */
  get hasLeft(): boolean {
    return this.#run !== null && this.#hasLeft
  }

  /** The app is closed, or the document for good. */
  get isAway(): boolean {
    return this.#run === null || this.closings.length > 0
  }

  get text(): string {
    return this.#run?.provider.doc.getText('note').toJSON() ?? ''
  }

  /** Starts the app where it is closed. */
  start(): Promise<void> {
    return this.#next(() => this.#start())
  }

  async #start(): Promise<void> {
    if (this.#run !== null) return
    const tab = new Tab(await this.#disk.open(), nodeWebSocket({ ca: this.lying.ca }))
    try {
      const opened = await this.#open(this, tab)
      this.#follow({ ...opened, tab, edits: [], lost: [], whenStored: Promise.resolve() })
    } catch (error) {
      await this.#disk.release()
      throw error
    }
  }

  #follow(run: Run): void {
    const { provider, tab, edits } = run
    this.#tell('opened')
    provider.on('loaded', () => this.#tell('loaded'))
    provider.on('synced', (synced) => this.#tell(`synced ${String(synced)}`))
    provider.on('problem', ({ code }) => this.#tell(code))
    provider.awareness.setLocalState(null)
    if (provider.membership !== null) this.memberships.push(provider.membership)
    provider.on('integrity', (report) => this.reports.push(report))
    this.closings.length = 0
    this.#hasLeft = false
    provider.on('status', ({ status }) => {
      if (status === 'connected') this.#hasLeft = false
    })
    provider.on('closed', (reason) => {
      this.#tell(reason.code)
      this.#hasLeft = reason.closeCode === DISTRUST
      if (this.#hasLeft) return
      this.#wasClosed = true
      this.closings.push(reason)
    })
    provider.on('problem', (problem) => this.problems.push(problem))
    provider.on('saved', () => {
      this.#tell('saved')
      if (!tab.isDead) for (const edit of edits.splice(0)) this.#ledger.save(edit)
    })
    provider.on('evicted', (isEvicted) => {
      if (isEvicted || tab.isDead) return
      for (const edit of run.lost.splice(0)) if (edit.stage === 'made') edit.stage = 'kept'
    })
    this.#run = run
  }

  /** A page in the background, or a phone that sleeps: until what this gives is called nothing comes in or goes out. */
  freeze(): () => void {
    const tab = this.#run?.tab
    if (tab) this.#tell('frozen')
    tab?.freeze()
    if (tab) this.#disk.sleep?.(true)
    return () => {
      tab?.thaw()
      if (tab && this.#run?.tab === tab) this.#disk.sleep?.(false)
    }
  }

  /** Until what this gives is called, this run can store nothing more. */
  fill(): () => void {
    const tab = this.#run?.tab
    if (tab) this.#tell('full')
    tab?.setFull(true)
    return () => tab?.setFull(false)
  }

  /** The browser throws away what it kept, under a running page. True where that was so. */
  evict(): boolean {
    const run = this.#run
    if (!this.#disk.evict || run === null || run.tab.isFrozen || !run.provider.loaded) return false
    this.#tell('evicted')
    this.#evictions += 1
    run.lost.push(...this.#ledger.lose(this))
    run.whenStored = new Promise((resolve) => run.provider.on('evicted', (isEvicted) => void (isEvicted || resolve())))
    this.#disk.evict()
    return true
  }

  /** The tab is killed, and all but the keys is thrown away: as a phone keeps them apart. */
  async wipe(): Promise<void> {
    await this.kill()
    this.#evictions += 1
    this.#ledger.lose(this)
    await this.#next(() => Promise.resolve(this.#disk.evict?.()))
  }

  /** Nobody else has its storage, and it can be thrown away. */
  get canBeWiped(): boolean {
    return this.#disk.evict !== undefined
  }

  /** The app is closed as people do, once everything is kept. */
  async shut(): Promise<void> {
    const run = this.#run
    if (run === null) return
    await this.keep()
    if (this.#run !== run) return
    this.#tell('closed')
    this.#run = null
    run.close()
    await this.#next(() => this.#disk.release())
  }

  /** It is closed so, and opened again. */
  async reload(): Promise<void> {
    if (this.#run === null) return
    await this.shut()
    await this.start()
  }

  /** The tab is killed. */
  async kill(): Promise<void> {
    const run = this.#run
    if (run === null) return
    this.#tell('killed')
    this.#run = null
    run.tab.kill()
    run.close()
    await this.#next(() => this.#disk.release())
  }

  /** Resolves when what was written so far would outlast this run, or the run has ended. */
  async keep(): Promise<void> {
    const run = this.#run
    if (run === null || this.closings.length > 0) return
    const edits = [...run.edits]
    const evictions = this.#evictions
    await Promise.race([run.whenStored.then(() => run.provider.whenKept()), run.tab.whenDead])
    if (this.#run !== run) return
    this.#tell('kept')
    // What was stored before may be what was thrown away.
    if (this.#evictions !== evictions) return await this.keep()
    for (const edit of edits) if (edit.stage === 'made') edit.stage = 'kept'
  }

  /** One thing after another is done with the disk. */
  #next(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => undefined)
    return done
  }

  /** Writes a word at a place (a share of the text's length), with some filling where it is to be large. */
  type(share: number, filling = ''): void {
    const note = this.#run?.provider.doc.getText('note')
    if (note === undefined || this.isAway) return
    const word = this.#ledger.newWord()
    this.#note('word', word)
    note.insert(Math.floor(share * note.length), word + filling)
  }

  /** Strikes out one of the words that stand here. */
  strike(share: number): void {
    const note = this.#run?.provider.doc.getText('note')
    const words = wordsOf(this.text)
    const word = words[Math.floor(share * words.length)]
    if (note === undefined || word === undefined || this.isAway) return
    this.#note('strike', word)
    note.delete(note.toJSON().indexOf(word), 1)
  }

  #note(kind: 'word' | 'strike', word: string): void {
    const doc = this.#run?.provider.doc
    const at = doc && Y.getState(doc.store, doc.clientID)
    this.#tell(`${kind} ${word} ${doc?.clientID}:${at}${this.#run?.provider.readOnly === true ? ' READ ONLY' : ''}`)
    this.#run?.edits.push(this.#ledger.note(kind, word, this))
  }

  #tell(what: string): void {
    this.life.push(`${Math.round(performance.now())} ${what}`)
  }

  /** What its outbox holds of the document: nothing, once all is saved. */
  async listPending(): Promise<readonly OutboxItem[]> {
    const run = this.#run
    if (run === null) return []
    const { documentId } = run.provider
    return await (this.#disk.peek?.(documentId) ?? run.tab.storage.outbox.list(documentId))
  }

  /** That, and what keeps it there, for whoever looks for a fault. */
  async describePending(): Promise<readonly string[]> {
    const run = this.#run
    if (run === null) return []
    const pending = await this.listPending()
    return [
      ...pending.map((item) => describeItem(item, run.access, run.provider.doc)),
      (this.#disk.trace ?? []).join('; '),
    ]
  }
}
