/**
 * What a record changed, in the app's words, so that it can say so to people. Rule KM9.
 *
 * @module
 */
import { bytesToBase64url, deviceIdOf, sodiumSha512, type Certificate, type CountedRecord } from '@y-sealed/protocol'

/** One change of who may what. `by` is the id of the device that signed it; ids are base64url of 16 bytes. */
export type MemberChange =
  | { readonly kind: 'created'; readonly seq: number; readonly by: string }
  /** Somebody came in: by a link of their own accord, or let in by `by`; `device` as a further one of the member of `by` where `own`. */
  | {
      readonly kind: 'added'
      readonly seq: number
      readonly by: string
      readonly device: string
      readonly own: boolean
    }
  | {
      readonly kind: 'joined'
      readonly seq: number
      readonly by: string
      readonly device: string
      readonly link: string
    }
  | { readonly kind: 'role'; readonly seq: number; readonly by: string; readonly device: string }
  | { readonly kind: 'linked'; readonly seq: number; readonly by: string; readonly link: string }
  | { readonly kind: 'link-revoked'; readonly seq: number; readonly by: string; readonly link: string }
  /** Devices went out; every link ended with them. */
  | { readonly kind: 'removed'; readonly seq: number; readonly by: string; readonly devices: readonly string[] }
  | { readonly kind: 'rotated'; readonly seq: number; readonly by: string }
  | { readonly kind: 'repaired'; readonly seq: number; readonly by: string }

/** What a record that counts changed; `null` for one that changes nothing for people. */
export function memberChange({ body, envelope }: CountedRecord, seq: number): MemberChange | null {
  const by = bytesToBase64url(envelope.device)
  switch (body.type) {
    case 'genesis':
      return { kind: 'created', seq, by }
    case 'add':
      return { kind: 'added', seq, by, device: idOf(body.certificate), own: body.sponsored }
    case 'join':
      return { kind: 'joined', seq, by, device: by, link: bytesToBase64url(body.link) }
    case 'role':
      return { kind: 'role', seq, by, device: bytesToBase64url(body.device) }
    case 'link':
      return { kind: 'linked', seq, by, link: idOf(body.certificate) }
    case 'revoke-link':
      return { kind: 'link-revoked', seq, by, link: bytesToBase64url(body.link) }
    case 'remove':
      return { kind: 'removed', seq, by, devices: [...body.devices].map(([device]) => bytesToBase64url(device)) }
    case 'epoch':
      return { kind: 'rotated', seq, by }
    case 'rewrap':
      return { kind: 'repaired', seq, by }
    case 'restart':
      return null
    default:
      return null
  }
}

/** Of the device, or link, that a certificate is of. [KM1] */
function idOf({ signPublic, boxPublic }: Certificate): string {
  return bytesToBase64url(deviceIdOf(sodiumSha512, signPublic, boxPublic))
}
