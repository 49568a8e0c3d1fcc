/**
 * Giving a member another role. Rules KM10, KM17.
 *
 * @module
 */
import { SyncError, type Bytes, type MemberRole } from '@y-sealed/protocol'
import type { Intent } from '../record-tools.ts'
import { isOnlyAdmin } from './let-in.ts'
import { lastAdmin } from './remove-devices.ts'

/**
 * `device` is any device of the member, 16 bytes. Nothing to do where it has the role. Throws `UNKNOWN_MEMBER` for one who is gone, and
 * `LAST_ADMIN` before anything is sent.
 */
export function changeRole(device: Bytes, role: MemberRole): Intent {
  return (members) => {
    const member = members.memberOf(device)
    if (member === null) throw new SyncError('UNKNOWN_MEMBER', 'there is no such member any more')
    if (member.role === role) return null
    if (member.role === 'admin' && isOnlyAdmin(members, member)) throw lastAdmin()
    return { type: 'role', device, role }
  }
}
