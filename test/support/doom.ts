/**
 * The end of a process at one exact point of its store's work, as by kill -9: within a transaction of a certain kind, before its COMMIT, or once
 * that is done and before anybody is told. Where it died stands in a file, so that nobody takes another end for this one.
 *
 * @module
 */
import Database from 'better-sqlite3'
import { writeFileSync } from 'node:fs'

/** Kinds of transactions, by the statement that only they have. */
const PHASES = {
  stage: 'INSERT INTO chunks',
  accept: 'UPDATE snapshots SET state = 1',
  publish: 'INSERT INTO publications',
  attest: 'INSERT OR IGNORE INTO attestations',
  drop: 'UPDATE publications SET snapshot = NULL',
  reap: 'DELETE FROM chunks WHERE rowid',
  trim: 'INSERT OR IGNORE INTO packed_sessions',
  forget: 'DELETE FROM mark_pages WHERE document = ? AND first',
  shrink: 'incremental_vacuum',
} as const

export type Phase = keyof typeof PHASES
export const ALL_PHASES: readonly Phase[] = Object.keys(PHASES) as Phase[]

/** `within`: after the statement; `before` and `behind` the COMMIT. */
export const MOMENTS = ['within', 'before', 'behind'] as const

export interface Doom {
  readonly phase: Phase
  readonly moment: (typeof MOMENTS)[number]
  /** So many transactions of the kind go well. */
  readonly after: number
  /** File for the note. */
  readonly note: string
}

/** What the note says. */
export function noteOf({ phase, moment }: Pick<Doom, 'phase' | 'moment'>): string {
  return `${phase} ${moment}`
}

/** Lets the doom come over every database that this process opens from now on. */
export function meetDoom(doom: Doom): void {
  let left = doom.after
  let isWithin = false
  const die = (): void => {
    writeFileSync(doom.note, noteOf(doom))
    process.kill(process.pid, 'SIGKILL')
    // Nothing else happens before the signal comes.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  }
  const passed = (): void => {
    if (!isWithin && left === 0 && doom.moment === 'within') die()
    isWithin = true
  }
  const commit = (run: () => Database.RunResult): Database.RunResult => {
    if (!isWithin) return run()
    if (left === 0 && doom.moment === 'before') die()
    const result = run()
    if (left === 0) die()
    left -= 1
    isWithin = false
    return result
  }
  const { prototype } = Database
  const prepare = Reflect.get(prototype, 'prepare') as (this: unknown, source: string) => Database.Statement
  Reflect.set(prototype, 'prepare', function (this: unknown, source: string) {
    const statement = prepare.call(this, source)
    const run = statement.run.bind(statement)
    if (source === 'COMMIT') statement.run = () => commit(run)
    else if (source.startsWith(PHASES[doom.phase])) {
      statement.run = (...parameters) => {
        const result = run(...parameters)
        passed()
        return result
      }
    }
    return statement
  })
  const pragma = Reflect.get(prototype, 'pragma')
  Reflect.set(
    prototype,
    'pragma',
    function (this: Database.Database, source: string, options?: Database.PragmaOptions) {
      const result = pragma.call(this, source, options)
      if (source.startsWith(PHASES[doom.phase])) passed()
      return result
    },
  )
}
