/**
 * Who may do what: the whole matrix of AU6 as data, and the one function that judges by it. That document, envelope and
 * device agree is checked where the frame is at hand. Rule AU6.
 *
 * @module
 */
import type { RefusalCode } from '@y-sealed/protocol'

import type { Grant, Permission, Role } from './ports.ts'

/** What a frame asks for. */
export type Action =
  | 'read'
  | 'awareness'
  | 'push-entries'
  | 'push-genesis'
  | 'push-record'
  | 'push-own-record'
  | 'push-join'
  | 'push-restart'
  | 'publish'
  | 'restore'
  | 'delete'

interface Rule {
  readonly permission: Permission
  /** Not looked at in `shared-key` mode. */
  readonly role: Role
  /** May it concern a document that does not exist? */
  readonly creates?: true
  /** Fixed in the protocol, not carried out by this release. */
  readonly isOffered: boolean
}

/** [AU6], row by row. `read` is READ, READ_IDS, READ_SNAPSHOT, live ENTRIES and RECORDS. */
export const RULES: Readonly<Record<Action, Rule>> = {
  read: { permission: 'read', role: 'reader', isOffered: true },
  awareness: { permission: 'awareness', role: 'reader', isOffered: true },
  'push-entries': { permission: 'write', role: 'writer', isOffered: true },
  'push-genesis': { permission: 'create', role: 'none', creates: true, isOffered: true },
  // What else a record needs is judged by what it does. [KM17]
  'push-record': { permission: 'members', role: 'reader', isOffered: true },
  'push-own-record': { permission: 'read', role: 'reader', isOffered: true },
  'push-join': { permission: 'read', role: 'none', isOffered: true },
  'push-restart': { permission: 'members', role: 'admin', isOffered: true },
  // Publications, attestations, and the pieces of a snapshot.
  publish: { permission: 'snapshot', role: 'writer', isOffered: true },
  // Of a document that is lost altogether too: nothing comes back but what this relay has signed.
  restore: { permission: 'read', role: 'reader', creates: true, isOffered: true },
  delete: { permission: 'delete', role: 'admin', isOffered: true },
}

const RANK: Readonly<Record<Role, number>> = { none: 0, reader: 1, writer: 2, admin: 3 }

/** What the judgement looks at. */
export interface Standing {
  readonly grant: Pick<Grant, 'permissions'>
  /** When the grant ends, tolerance included. */
  readonly endsAtMs: number
  /** `null`: the document does not exist. */
  readonly mode: 'members' | 'shared-key' | null
  readonly role: Role
}

/** Why the action is refused, or `null`. The grant's time is asked first, then the permission, the document and the role. */
export function refuseAction(action: Action, standing: Standing, nowMs: number): RefusalCode | null {
  const rule = RULES[action]
  if (nowMs >= standing.endsAtMs) return 'TOKEN_REFUSED'
  if (!standing.grant.permissions.has(rule.permission)) return 'FORBIDDEN'
  if (standing.mode === null) return rule.creates === true ? null : 'UNKNOWN_DOCUMENT'
  if (standing.mode === 'members' && RANK[standing.role] < RANK[rule.role]) return 'FORBIDDEN'
  return rule.isOffered ? null : 'UNSUPPORTED'
}
