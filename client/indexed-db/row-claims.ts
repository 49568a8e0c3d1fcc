/**
 * Whose the sessions are where there are no Web Locks: a row names the tab of each. A tab that does not answer is taken for gone, and its row
 * changes hands in one transaction; should it only have slept, its next put finds the row another's and is refused, in the same transaction, so
 * that it goes on under a session of its own. Rules CL16, LO8.
 *
 * Not by a lease with a time to live: renewed, it would write to the disk every few seconds on a phone that lies in a drawer; unrenewed by a
 * tab in the background, whose timers run once a minute, it would end under one that is well; and what a tab that crashed has left would be
 * shown no sooner than it ends. Nor does it hang on a clock that people set.
 *
 * @module
 */
import { SyncError, type Bytes } from '@y-sealed/protocol'
import type { Database, Transaction } from './database.ts'
import { LiveTabs } from './live-tabs.ts'
import type { SessionClaims } from './session-claims.ts'

type Place = [Bytes, Bytes]

export class RowClaims implements SessionClaims {
  readonly #database: Database
  readonly #tabs: LiveTabs
  /** Where this tab's name stands, or stood. */
  readonly #placeByText = new Map<string, Place>()

  constructor(scope: string, database: Database) {
    this.#database = database
    this.#tabs = new LiveTabs(scope)
  }

  /** The put itself does it. */
  begin(): Promise<void> {
    return Promise.resolve()
  }

  async hold(tables: Transaction<'readwrite'>, document: Bytes, session: Bytes): Promise<void> {
    const owner = await tables.objectStore('claims').get([document, session])
    if (owner === this.#tabs.ownId) return
    if (owner !== undefined) throw new SyncError('SESSION_TAKEN', 'another tab has taken this session over')
    await this.#put(tables, [document, session])
  }

  async drop(tables: Transaction<'readwrite'>, document: Bytes, session: Bytes): Promise<void> {
    // Whoever goes on with it begins anew.
    await tables.objectStore('claims').delete([document, session])
  }

  async claim(document: Bytes, sessions: readonly Bytes[], which: 'all' | 'fresh'): Promise<readonly Bytes[]> {
    if (sessions.length === 0) return []
    const places = sessions.map((session): Place => [document, session])
    const owners = await this.#database.read(['claims'], (tables) => ownersOf(tables, places))
    const others = owners.filter((owner) => owner !== undefined && owner !== this.#tabs.ownId) as string[]
    // Where nobody can be asked, all but the newest tab would be gone: only who opens takes over.
    if (which === 'fresh' && !this.#tabs.canAsk && others.length > 0) return []
    const present = await this.#tabs.ask(others)
    const isFree = (owner: string | undefined): boolean =>
      owner === undefined || (others.includes(owner) && !present.has(owner))
    if (!owners.some(isFree))
      return which === 'fresh' ? [] : sessions.filter((_, index) => owners[index] === this.#tabs.ownId)
    return this.#database.write(['claims'], async (tables) => {
      const own: Bytes[] = []
      for (const [index, owner] of (await ownersOf(tables, places)).entries()) {
        const isOwn = owner === this.#tabs.ownId
        if (!isOwn && !isFree(owner)) continue
        if (!isOwn) await this.#put(tables, places[index] as Place)
        if (!isOwn || which === 'all') own.push(sessions[index] as Bytes)
      }
      return own
    })
  }

  async close(): Promise<void> {
    this.#tabs.close()
    const places = [...this.#placeByText.values()]
    this.#placeByText.clear()
    if (places.length === 0) return
    const giveUp = async (tables: Transaction<'readwrite'>): Promise<void> => {
      const claims = tables.objectStore('claims')
      for (const [index, owner] of (await ownersOf(tables, places)).entries()) {
        if (owner === this.#tabs.ownId) await claims.delete(places[index] as Place)
      }
    }
    // Otherwise whoever comes asks, and nobody answers.
    await this.#database.write(['claims'], giveUp).catch(() => undefined)
  }

  async #put(tables: Transaction<'readwrite'>, place: Place): Promise<void> {
    await tables.objectStore('claims').put(this.#tabs.ownId, place)
    this.#placeByText.set(place.join(), place)
  }
}

function ownersOf(
  tables: Transaction<'readonly'> | Transaction<'readwrite'>,
  places: readonly Place[],
): Promise<(string | undefined)[]> {
  return Promise.all(places.map(async (place) => tables.objectStore('claims').get(place)))
}
