/**
 * A document's history on this device: versions by who wrote them and when, any of them to read, to compare, to name and to bring back as a
 * new edit. The relay knows nothing of it. Rules HI1–HI5.
 *
 * @module
 */
import { bytesToHex, SyncError, type Bytes } from '@y-sealed/protocol'
import * as Y from 'yjs'
import type { DocumentAccess } from '../document/document-access.ts'
import type { Membership } from '../members/membership.ts'
import { AuthorBook, type Author } from './author-book.ts'
import { diffContent, type DiffPiece } from './content-diff.ts'
import { groupEdits, type EditGroup } from './edit-groups.ts'
import { LogView, type LogStretch } from './log-view.ts'
import { readOlderLog } from './older-log.ts'
import type { SealedLog } from './sealed-log.ts'
import { PastStates } from './past-states.ts'
import { restoreContent } from './restore-content.ts'
import { MAX_VERSION_NAME, readVersionNames, writeVersionName } from './version-names.ts'

/** A point in the past that people can tell apart from others: the end of a sitting of edits, or one that was named. */
export interface Version {
  /** Its place in the log: names it in every call. */
  readonly seq: number
  /** Place of the first of its edits. */
  readonly firstSeq: number
  /** How many edits as they left their devices: not keystrokes. */
  readonly edits: number
  /** Whoever wrote in it, in the order in which they began. */
  readonly authors: readonly Author[]
  /** When its edits were made, as their authors' devices say; `null` where none says it. Nobody vouches for it. [EN10] */
  readonly earliest: Date | null
  readonly latest: Date | null
  /** As members have named it; `null` for no name. */
  readonly name: string | null
}

export interface VersionPage {
  /** Newest first. */
  readonly versions: readonly Version[]
  /** What `before` is for the next page; `null` for the last. */
  readonly next: number | null
  /**
   * Place in the log up to which nothing is known: this device began behind a snapshot, and the relay has trimmed what comes before or cannot be
   * asked now. Versions may be missing there, and a version's first edits. 0 where the list is whole.
   */
  readonly unknownThrough: number
}

export interface VersionsOptions {
  /** At most so many; default 20. */
  readonly limit?: number
  /** Only those before this place. */
  readonly before?: number
}

/** Two versions side by side. */
export interface VersionDiff {
  readonly pieces: readonly DiffPiece<Author>[]
  /** As of the later one, with what was removed since the other still in it: what y-prosemirror and `Y.Text.toDelta` show differences from. */
  readonly doc: Y.Doc
  readonly before: Y.Snapshot
  readonly after: Y.Snapshot
}

export interface SealedHistoryOptions extends LogStretch {
  readonly access: DocumentAccess
  readonly source: SealedLog
  readonly doc: Y.Doc
  readonly membership: Membership | null
  /** 16 bytes; `null` before it is known. */
  readonly ownDevice: () => Bytes | null
  /** True when edits would be refused. */
  readonly isReadOnly: () => boolean
}

const PAGE = 20

/** Made by a provider. */
export class SealedHistory {
  readonly #options: SealedHistoryOptions
  readonly #log: LogView
  readonly #states: PastStates
  readonly #authors: AuthorBook
  #reading: Promise<LogStretch | null> | null = null
  #groups: { readonly key: string; readonly all: readonly EditGroup[] } | null = null

  constructor(options: SealedHistoryOptions) {
    this.#options = options
    const { access, source, log, edits } = options
    this.#log = new LogView({ log, edits })
    this.#states = new PastStates({ access, source, log: this.#log })
    this.#authors = new AuthorBook(options.membership, options.ownDevice)
  }

  /** The newest versions, or those before a place; what is still on its way to the relay is in none. */
  async versions({ limit = PAGE, before = Infinity }: VersionsOptions = {}): Promise<VersionPage> {
    if (!(limit >= 1)) throw new RangeError('a page has at least one version')
    let { names, groups, end } = this.#before(before)
    if (end < limit && this.#log.startSeq > 0) {
      await this.#readOlder()
      ;({ names, groups, end } = this.#before(before))
    }
    const start = Math.max(0, end - Math.floor(limit))
    const versions = groups.slice(start, end).toReversed()
    return {
      versions: versions.map((group) => this.#view(group, names)),
      next: start === 0 ? null : (groups[start] as EditGroup).seq,
      unknownThrough: this.#log.startSeq,
    }
  }

  /**
   * The document as of a version, in a Y.Doc of its own: edits in it go nowhere. Rejects with `NO_SUCH_VERSION`, with `HISTORY_TRIMMED` where
   * the log of that time is not kept any more, and with `LOG_INVALID` where what is kept is damaged.
   */
  async at(seq: number, signal?: AbortSignal): Promise<Y.Doc> {
    this.#check(seq)
    await this.#reach(seq)
    return await this.#states.at(seq, signal)
  }

  /** What came and went from one version to a later one; from the beginning, where `from` is 0. Rejects as {@link at}. */
  async diff(from: number, to: number, signal?: AbortSignal): Promise<VersionDiff> {
    if (from !== 0) this.#check(from)
    this.#check(to)
    if (from > to) throw new RangeError('the earlier version comes first')
    await this.#reach(from)
    const { doc, before, after, deletions } = await this.#states.between(from, to, signal)
    const log = this.#log
    const authorByDevice = new Map<string, Author>()
    const authorOf = (device: Bytes | null): Author | null => {
      if (device === null) return null
      const hex = bytesToHex(device)
      const author = authorByDevice.get(hex) ?? this.#authors.authorOf(device)
      authorByDevice.set(hex, author)
      return author
    }
    const pieces = diffContent(
      { doc, before, after, deletions },
      {
        addedBy: (client) => authorOf(log.deviceOf(client)),
        removedBy: (client, clock) => authorOf(deletions.deviceOf(client, clock)),
      },
    )
    return { pieces, doc, before, after }
  }

  /**
   * Makes the document show what it showed then, as an edit like any other, with `origin` (so that an UndoManager may track it). What others
   * write at the same time stays, and so does what came while this was prepared. Rejects as {@link at}, and with `FORBIDDEN` for a reader.
   */
  async restore(
    seq: number,
    { origin = this, signal }: { origin?: unknown; signal?: AbortSignal } = {},
  ): Promise<void> {
    this.#checkWritable()
    const { doc } = this.#options
    const since = Y.decodeStateVector(Y.encodeStateVector(doc))
    const past = await this.at(seq, signal)
    this.#checkWritable()
    restoreContent(doc, past, { origin, since })
    past.destroy()
  }

  /**
   * Gives a version a name that all members see, sealed as the document is; '' takes it away. Throws `FORBIDDEN` for a reader, `NO_SUCH_VERSION`,
   * and `RangeError` for a name of more than 200 characters. [HI4]
   */
  name(seq: number, name: string): void {
    this.#checkWritable()
    if (name.length > MAX_VERSION_NAME) throw new RangeError(`a name has at most ${MAX_VERSION_NAME} characters`)
    const { doc } = this.#options
    const mark = this.#isPlace(seq) ? this.#log.transcriptAt(seq) : null
    if (mark === null) throw noSuchVersion()
    writeVersionName(doc, { seq, name, mark })
  }

  /** Versions before a place: how many, of all that are known. */
  #before(before: number): {
    names: ReadonlyMap<number, string>
    groups: readonly EditGroup[]
    end: number
  } {
    const names = this.#names()
    const groups = this.#group(names)
    return { names, groups, end: groups.findLastIndex(({ seq }) => seq < before) + 1 }
  }

  /** What comes before where this device began is read once somebody goes there. */
  async #reach(seq: number): Promise<void> {
    if (seq < this.#log.startSeq) await this.#readOlder()
  }

  /** Where it is not to be had now, it may be later: what is known is shown meanwhile. */
  async #readOlder(): Promise<void> {
    this.#reading ??= readOlderLog({ ...this.#options, live: this.#options.log }).finally(() => (this.#reading = null))
    try {
      const older = await this.#reading
      if (older !== null) this.#log.extend(older)
    } catch (error) {
      if (!(error instanceof SyncError) || error.code === 'LOG_INVALID') throw error
    }
  }

  #view({ seq, firstSeq, edits, devices, earliest, latest }: EditGroup, names: ReadonlyMap<number, string>): Version {
    const authors = devices.map((device) => this.#authors.authorOf(device))
    return {
      seq,
      firstSeq,
      edits,
      authors,
      earliest: earliest === 0 ? null : new Date(earliest),
      latest: latest === 0 ? null : new Date(latest),
      name: names.get(seq) ?? null,
    }
  }

  /** Names whose place is still what it was, each at the newest edit of its place. */
  #names(): ReadonlyMap<number, string> {
    const { doc } = this.#options
    const log = this.#log
    const nameBySeq = new Map<number, string>()
    for (const { seq, name, mark } of readVersionNames(doc)) {
      const count = log.countThrough(seq)
      if (count > 0 && log.compareTranscript(seq, mark) === 'same') nameBySeq.set(log.at(count - 1).seq, name)
    }
    return nameBySeq
  }

  #group(names: ReadonlyMap<number, string>): readonly EditGroup[] {
    const { membership } = this.#options
    const key = [this.#log.stamp, membership?.recordSeq ?? 0, ...names.keys()].join()
    if (this.#groups?.key !== key) {
      const all = groupEdits(this.#log, (device) => this.#authors.personOf(device), new Set(names.keys()))
      this.#groups = { key, all }
    }
    return this.#groups.all
  }

  #isPlace(seq: number): boolean {
    return Number.isSafeInteger(seq) && seq >= 1 && seq <= this.#log.headSeq
  }

  #check(seq: number): void {
    if (!this.#isPlace(seq)) throw noSuchVersion()
  }

  #checkWritable(): void {
    if (this.#options.isReadOnly()) throw new SyncError('FORBIDDEN', 'this device may not write here')
  }
}

function noSuchVersion(): SyncError {
  return new SyncError('NO_SUCH_VERSION', 'the log has no such place')
}
