/**
 * What a token allows: names in its claim, bits on the wire. Rule AU4.
 *
 * @module
 */

/** Bits of the permissions. [AU4] */
export const PERMISSIONS = {
  read: 1,
  write: 2,
  awareness: 4,
  snapshot: 8,
  members: 16,
  create: 32,
  delete: 64,
} as const

export type Permission = keyof typeof PERMISSIONS

/** Every bit that means something; the others are reserved and refused. [WI3] */
export const ALL_PERMISSIONS = 127

const NAMES = Object.keys(PERMISSIONS) as Permission[]

/** True for the name of a permission. */
export function isPermission(name: string): name is Permission {
  return Object.hasOwn(PERMISSIONS, name)
}

/** The bit set of these permissions. */
export function packPermissions(permissions: Iterable<Permission>): number {
  let bits = 0
  for (const permission of permissions) bits |= PERMISSIONS[permission]
  return bits
}

/** The permissions of a bit set in the order of {@link PERMISSIONS}, or `null` when a reserved bit is set. */
export function unpackPermissions(bits: number): readonly Permission[] | null {
  if (!Number.isInteger(bits) || bits < 0 || bits > ALL_PERMISSIONS) return null
  return NAMES.filter((name) => (bits & PERMISSIONS[name]) !== 0)
}
