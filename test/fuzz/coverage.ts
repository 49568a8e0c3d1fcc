/**
 * Which source inputs reach, by V8's own block coverage. Taking it costs tens of milliseconds whatever has run since, so it is asked
 * of batches.
 *
 * @module
 */
import { Session, type Profiler } from 'node:inspector'

/** A place in a source: a byte of it that V8 can tell to have run. */
type Marks = Uint8Array<ArrayBuffer>

/** One script: what has run, what belongs to functions that have been entered, and where V8 begins to count anew. */
interface Script {
  readonly reached: Marks
  readonly inside: Marks
  readonly edges: Set<number>
}

/** Longer than any source that is watched. */
const MAX_SOURCE_BYTES = 65_536

/** Coverage of the scripts whose address `isWatched` accepts. */
export class BranchCoverage {
  readonly #session = new Session()
  readonly #isWatched: (url: string) => boolean
  readonly #scripts = new Map<string, Script>()
  #isClosed = false

  constructor(isWatched: (url: string) => boolean) {
    this.#isWatched = isWatched
    this.#session.connect()
    this.#session.post('Profiler.enable')
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  /** What has run since the last call, by script. */
  take(): ReadonlyMap<string, Marks> {
    const marks = new Map<string, Marks>()
    let scripts: readonly Profiler.ScriptCoverage[] = []
    this.#session.post('Profiler.takePreciseCoverage', (_, parameters) => (scripts = parameters.result))
    for (const { url, functions } of scripts) {
      if (this.#isWatched(url))
        marks.set(
          url,
          this.#mark(
            url,
            functions.flatMap(({ ranges }) => ranges),
          ),
        )
    }
    return marks
  }

  /** Ranges come outer first; each overrides what it lies in. */
  #mark(url: string, ranges: readonly Profiler.CoverageRange[]): Marks {
    const { inside, edges } = this.#scriptAt(url)
    const ran = new Uint8Array(Math.max(0, ...ranges.map(({ endOffset }) => endOffset)))
    for (const { startOffset, endOffset, count } of ranges) {
      ran.fill(count > 0 ? 1 : 0, startOffset, endOffset)
      inside.fill(1, startOffset, endOffset)
      edges.add(startOffset).add(endOffset)
    }
    return ran
  }

  #scriptAt(url: string): Script {
    let script = this.#scripts.get(url)
    if (!script) {
      const empty = (): Marks => new Uint8Array(MAX_SOURCE_BYTES)
      this.#scripts.set(url, (script = { reached: empty(), inside: empty(), edges: new Set() }))
    }
    return script
  }

  /** True when something here has not run before. */
  isNew(marks: ReadonlyMap<string, Marks>): boolean {
    for (const [url, ran] of marks) {
      const { reached } = this.#scriptAt(url)
      for (let at = 0; at < ran.length; at++) if (ran[at]! > reached[at]!) return true
    }
    return false
  }

  /** Notes all this as reached. */
  add(marks: ReadonlyMap<string, Marks>): void {
    for (const [url, ran] of marks) {
      const { reached } = this.#scriptAt(url)
      for (let at = 0; at < ran.length; at++) reached[at]! |= ran[at]!
    }
  }

  /** The blocks of all functions entered so far, as `url:start:end`, and whether each has run. */
  *#blocks(): Generator<readonly [block: string, isReached: boolean]> {
    for (const [url, { reached, inside, edges }] of this.#scripts) {
      const starts = [...edges].sort((a, b) => a - b)
      for (const [i, start] of starts.entries()) {
        const end = starts[i + 1] ?? start
        if (end > start && inside[start] === 1) yield [`${url}:${start}:${end}`, reached[start] === 1]
      }
    }
  }

  /** Blocks (what lies between two branchings) reached, and all of the functions entered. */
  get summary(): { readonly reached: number; readonly known: number } {
    const blocks = [...this.#blocks()]
    return { reached: blocks.filter(([, isReached]) => isReached).length, known: blocks.length }
  }

  /** Blocks not reached. */
  get unreached(): readonly string[] {
    return [...this.#blocks()].flatMap(([block, isReached]) => (isReached ? [] : [block]))
  }

  /** Stops counting. Calling it again does nothing. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#session.post('Profiler.stopPreciseCoverage')
    this.#session.disconnect()
  }
}
