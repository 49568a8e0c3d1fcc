/**
 * Whose the sessions in a shared outbox are. The port; by Web Locks, or where there are none by rows of the database itself. Rule CL16.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import type { Transaction } from './database.ts'

export interface SessionClaims {
  /** Before a put to a session: makes it this tab's, unless it is another's. */
  begin(document: Bytes, session: Bytes): Promise<void>
  /**
   * In the transaction of a put of something new: throws `SESSION_TAKEN` where another tab has taken the session over meanwhile, which it does of
   * a tab that does not answer.
   */
  hold(tables: Transaction<'readwrite'>, document: Bytes, session: Bytes): Promise<void>
  /** In the transaction of a removal that leaves nothing of a session. */
  drop(tables: Transaction<'readwrite'>, document: Bytes, session: Bytes): Promise<void>
  /** Those of the sessions that are this tab's from now on, its own and those of tabs that are gone; `fresh`: that were not before. */
  claim(document: Bytes, sessions: readonly Bytes[], which: 'all' | 'fresh'): Promise<readonly Bytes[]>
  /** Gives everything up; resolves when others can claim it. */
  close(): Promise<void>
}
