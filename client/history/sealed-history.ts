/**
 * A document's history on this device: versions by who wrote them and when, any of them to read, to compare, to name and to bring back as a
 * new edit. The relay knows nothing of it. Rules HI1–HI5.
 *
 * @module
 */
import { bytesToHex, SyncError, type Bytes } from '@y-sealed/protocol'
import * as Y from 'yjs'
import type { Membership } from '../members/membership.ts'
import { AuthorBook, type Author } from './author-book.ts'
import { diffContent, type DiffPiece } from './content-diff.ts'
import { groupEdits, type EditGroup } from './edit-groups.ts'
import type { ReplayOptions } from './log-replay.ts'
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

export interface SealedHistoryOptions extends ReplayOptions {
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
  readonly #states: PastStates
  readonly #authors: AuthorBook
  #groups: { readonly key: string; readonly all: readonly EditGroup[] } | null = null

  constructor(options: SealedHistoryOptions) {
    this.#options = options
    this.#states = new PastStates(options)
    this.#authors = new AuthorBook(options.membership, options.ownDevice)
  }

  /** The newest versions, or those before a place; what is still on its way to the relay is in none. */
  async versions({ limit = PAGE, before = Infinity }: VersionsOptions = {}): Promise<VersionPage> {
    if (!(limit >= 1)) throw new RangeError('a page has at least one version')
    const names = this.#names()
    const groups = this.#group(names)
    const end = groups.findLastIndex(({ seq }) => seq < before) + 1
    const start = Math.max(0, end - Math.floor(limit))
    const versions = groups.slice(start, end).toReversed()
    return {
      versions: versions.map((group) => this.#view(group, names)),
      next: start === 0 ? null : (groups[start] as EditGroup).seq,
    }
  }

  /**
   * The document as of a version, in a Y.Doc of its own: edits in it go nowhere. Rejects with `NO_SUCH_VERSION`, with `HISTORY_TRIMMED` where
   * the log of that time is not kept any more, and with `LOG_INVALID` where what is kept is damaged.
   */
  async at(seq: number, signal?: AbortSignal): Promise<Y.Doc> {
    this.#check(seq)
    return await this.#states.at(seq, signal)
  }

  /** What came and went from one version to a later one; from the beginning, where `from` is 0. Rejects as {@link at}. */
  async diff(from: number, to: number, signal?: AbortSignal): Promise<VersionDiff> {
    if (from !== 0) this.#check(from)
    this.#check(to)
    if (from > to) throw new RangeError('the earlier version comes first')
    const { doc, before, after, deletions } = await this.#states.between(from, to, signal)
    const { log } = this.#options
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
        addedBy: (client) => authorOf(log.state.deviceOf(client)),
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
    const { doc, log } = this.#options
    const mark = this.#isPlace(seq) ? log.transcriptAt(seq) : null
    if (mark === null) throw noSuchVersion()
    writeVersionName(doc, { seq, name, mark })
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
    const { doc, log, edits } = this.#options
    const nameBySeq = new Map<number, string>()
    for (const { seq, name, mark } of readVersionNames(doc)) {
      const count = edits.countThrough(seq)
      if (count > 0 && log.compareTranscript(seq, mark) === 'same') nameBySeq.set(edits.at(count - 1).seq, name)
    }
    return nameBySeq
  }

  #group(names: ReadonlyMap<number, string>): readonly EditGroup[] {
    const { edits, membership } = this.#options
    const key = [edits.changes, membership?.recordSeq ?? 0, ...names.keys()].join()
    if (this.#groups?.key !== key) {
      const all = groupEdits(edits, (device) => this.#authors.personOf(device), new Set(names.keys()))
      this.#groups = { key, all }
    }
    return this.#groups.all
  }

  #isPlace(seq: number): boolean {
    return Number.isSafeInteger(seq) && seq >= 1 && seq <= this.#options.log.head.seq
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
