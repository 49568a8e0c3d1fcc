/**
 * What a record does, in the words of the store: of one that was just judged all of it, of one that another relay stored as much as its
 * body tells. Rules KM9, KM17, KM18.
 *
 * @module
 */
import {
  decodeRecord,
  deviceIdOf,
  endsLink,
  readWholeEnvelope,
  type Bytes,
  type CountedRecord,
  type LiveLink,
  type Members,
  type RecordBody,
  type Sha512,
} from '@y-sealed/protocol'

import type { LinkChange, RecordEffect } from './ports.ts'

/** The effect of a record that counts, asked of the members as they are before it. */
export function effectOf(sha512: Sha512, members: Members, record: CountedRecord): RecordEffect {
  const { body, rotation, closesEpoch, roles } = record
  const ends = endsLink(members, body)
  const links: LinkChange[] = members.links.filter((link: LiveLink) => ends(link)).map(({ id }) => endOf(id))
  if (body.type === 'link') {
    const { signPublic, boxPublic } = body.certificate
    links.push({ link: deviceIdOf(sha512, signPublic, boxPublic), expiresAt: body.expiresAt })
  }
  return {
    recordPrev: body.recordPrev,
    roles,
    links,
    closesEpoch,
    ...(body.type === 'restart' && { restart: { lost: body.lostHead, kept: body.keptHead } }),
    ...(rotation !== null && { rotation: { epoch: rotation.epoch, commitment: rotation.commitment } }),
  }
}

function endOf(link: Bytes): LinkChange {
  return { link, expiresAt: null }
}

/**
 * What the bytes of a stored record tell by themselves, in a document whose epoch in force is `epoch`; `null` for what is no record.
 * Whoever acts on it asks the store for the rest: whose devices a member has, and which links there were.
 */
export function effectOfStored(sha512: Sha512, bytes: Bytes, epoch: number): RecordEffect | null {
  const envelope = readWholeEnvelope(bytes)
  const record = envelope === null ? null : decodeRecord(envelope.sealed)
  if (record === null || !record.ok) return null
  const body = record.value
  const rotation = 'rotation' in body ? body.rotation : null
  return {
    recordPrev: body.recordPrev,
    roles: rolesIn(sha512, body),
    closesEpoch: rotation?.epoch === epoch,
    ...(rotation !== null && rotation.epoch > epoch && { rotation }),
  }
}

function rolesIn(sha512: Sha512, body: RecordBody): RecordEffect['roles'] {
  switch (body.type) {
    case 'remove':
      return [...body.devices].map(([device]) => ({ device, role: 'none' }))
    case 'role':
      return [{ device: body.device, role: body.role }]
    case 'add': {
      const { signPublic, boxPublic } = body.certificate
      return [{ device: deviceIdOf(sha512, signPublic, boxPublic), role: body.role }]
    }
    default:
      return []
  }
}
