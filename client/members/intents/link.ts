/**
 * Making links and taking them back. Rules KM9, KM12, KM17.
 *
 * @module
 */
import { equalBytes, type Bytes, type MemberRole } from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import type { Intent } from '../record-tools.ts'

export interface LinkTerms {
  readonly role: MemberRole
  /** Unix seconds, 0 for never. */
  readonly expiresAt: number
  /** How many may join, 0 for any number. */
  readonly uses: number
  /** Shown to members in the list of links; '' for none. */
  readonly name: string
}

/** Makes a link of these keys. Nothing to do where it was made, even if it is over by now. */
export function makeLink(link: Device, { role, expiresAt, uses, name }: LinkTerms): Intent {
  return (members, tools) => {
    if (members.wasLink(link.id)) return null
    const wrap = tools.wrapFor(link.boxPublic)
    const sealedName = tools.sealName(name, link.id)
    return { type: 'link', certificate: link.certificate(), role, expiresAt, uses, wrap, sealedName }
  }
}

/** Ends a link (16 bytes) and changes the key, which the others stay good for. Nothing to do where it is not live. */
export function revokeLink(id: Bytes): Intent {
  return (members, tools) => {
    if (members.link(id) === null) return null
    const links = members.links.filter((link) => !equalBytes(link.id, id))
    return { type: 'revoke-link', link: id, rotation: tools.createRotation({ links }) }
  }
}
