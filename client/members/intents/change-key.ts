/**
 * Changing the key, and giving one again. Rules KM6, KM17, KM18.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import type { Intent } from '../record-tools.ts'

/** Opens the next epoch; live links stay good. Nothing to do once somebody has opened one after the epoch that was in force when first asked. */
export function rotateKey(): Intent {
  let from: number | null = null
  return (members, tools) => {
    const { epoch } = members.epoch
    from ??= epoch
    return epoch > from ? null : { type: 'epoch', rotation: tools.createRotation({ links: members.links }) }
  }
}

/** Seals the key of an epoch once more to these devices and links (16 bytes each), for what was sealed before does not open. Made once. */
export function giveKeyAgain(epoch: number, holders: readonly Bytes[]): Intent {
  return (members, tools) => {
    const present = holders.filter((id) => members.memberOf(id) !== null || members.link(id) !== null)
    return epoch > members.epoch.epoch ? null : tools.createRewrap(epoch, present)
  }
}
