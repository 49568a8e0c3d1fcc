/**
 * Roles and their numbers on the wire. Rules KM9, KM10, FR4.
 *
 * @module
 */
import type { Reader } from '../wire/reader.ts'

/** What a device may do in a document. `none`: no member, and everybody in `shared-key` mode. */
export type Role = 'none' | 'reader' | 'writer' | 'admin'

/** A role that a record can give. [KM9] */
export type MemberRole = Exclude<Role, 'none'>

/** Roles by name; a greater number may do more. [KM10] */
export const ROLE: Readonly<Record<Role, number>> = { none: 0, reader: 1, writer: 2, admin: 3 }

const ROLES = ['none', 'reader', 'writer', 'admin'] as const

/** The role of a number, or `null`. */
export function roleOf(number: number): Role | null {
  return ROLES[number] ?? null
}

/** A role as frames carry it. [FR4] */
export function readRole(reader: Reader): Role {
  const role = roleOf(reader.u8())
  if (role === null) reader.fail('role')
  return role ?? 'none'
}

/** A role as records carry it: never `none`. [KM9] */
export function readMemberRole(reader: Reader): MemberRole {
  const role = readRole(reader)
  if (role !== 'none') return role
  reader.fail('role')
  return 'reader'
}
