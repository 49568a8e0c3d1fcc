/**
 * What this device may do in an open document: as its token and the relay say and, where there are members, as the records say. Rules AU4,
 * AU6, KM10.
 *
 * @module
 */
import { isAtLeast, PERMISSIONS, type Permission, type Role } from '@y-sealed/protocol'
import type { Membership } from '../members/membership.ts'

export class Standing {
  readonly #membership: Membership | null
  #granted: Role = 'none'
  /** `null` until the relay has said: what this device has kept of the records decides. */
  #permissions: number | null = null

  constructor(membership: Membership | null) {
    this.#membership = membership
  }

  /** What OPENED or REFRESHED says. */
  grant({ role, permissions }: { readonly role: Role; readonly permissions: number }): void {
    this.#granted = role
    this.#permissions = permissions
  }

  /** By the records, once they are known: the relay's word does not make a reader a writer. */
  get role(): Role {
    const membership = this.#membership
    return membership === null || membership.recordSeq === 0 ? this.#granted : membership.role
  }

  /** An edit would be refused, by the relay or by everybody else. */
  get readOnly(): boolean {
    if (this.#permissions !== null && !this.permits('write')) return true
    return this.#membership !== null && this.#membership.recordSeq > 0 && !isAtLeast(this.role, 'writer')
  }

  /** By the records this device may write, and its token does not know of it: the role may have changed while the document was being opened. */
  get isOutdated(): boolean {
    const isWriter = this.#membership !== null && isAtLeast(this.#membership.role, 'writer')
    return isWriter && !this.permits('write')
  }

  permits(permission: Permission): boolean {
    return ((this.#permissions ?? 0) & PERMISSIONS[permission]) !== 0
  }
}
