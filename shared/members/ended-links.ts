/**
 * Which links a record ends: those that it revokes, uses up or leaves out of a rotation, and those that whoever it puts back may know.
 * Rule KM17.
 *
 * @module
 */
import { equalBytes } from '../bytes.ts'
import type { LiveLink, Members } from './members.ts'
import type { RecordBody } from './record.ts'
import { ROLE } from './role.ts'

/** Asked of the members as they are before the record: does it end this link? Nothing is said of records that do not count. */
export function endsLink(members: Members, body: RecordBody): (link: LiveLink) => boolean {
  switch (body.type) {
    case 'remove':
      return () => true
    case 'revoke-link':
      return ({ id }) => equalBytes(id, body.link) || !body.rotation.wraps.has(id)
    case 'epoch':
      return ({ id }) => !body.rotation.wraps.has(id)
    case 'join':
      return ({ id, used, uses }) => equalBytes(id, body.link) && used + 1 === uses
    case 'role': {
      // Who loses a role may know the seed of a link that gives it back.
      const member = members.memberOf(body.device)
      const isDemotion = member !== null && ROLE[body.role] < ROLE[member.role]
      return ({ role }) => isDemotion && ROLE[role] > ROLE[body.role]
    }
    default:
      return () => false
  }
}
