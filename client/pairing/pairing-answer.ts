/**
 * The new device's half of a pairing. Rules KM22, CL12.
 *
 * @module
 */
import { bytesToBase64url, type Bytes } from '@y-sealed/protocol'
import type { Installation } from '../documents/installation.ts'
import { linkError } from '../links/link-error.ts'
import { decodeLinkFragment, type LinkFragment } from '../links/link-fragment.ts'
import { readLink } from '../links/link-url.ts'
import { certificateInReveal, commitReveal, createReveal, openLink, pairingDigits } from './handshake.ts'
import { PAIRING_LIFETIME_MS } from './pairing-door.ts'
import { pairingError } from './pairing-error.ts'
import { PairingRoom } from './pairing-room.ts'

export interface PairingAnswer {
  /** To be compared with what the old device shows before either confirms; `null` after a QR code. */
  readonly digits: string | null
  /**
   * How many documents of this device the person's other devices will be let into. Where it is not 0, ask before confirming: whoever shows a
   * code of theirs would get them.
   */
  readonly brings: number
  /** Goes on; resolves when this device is one of the person's. Rejects with `PAIRING_REFUSED`, and as {@link PairingRequest} does. */
  confirm(): Promise<void>
  /** Goes no further. */
  reject(): Promise<void>
}

export interface AnswerParts {
  readonly installation: Installation
  /** Joins the person's own document by a link, and resolves once the old device has confirmed. */
  readonly adopt: (link: LinkFragment) => Promise<void>
  /** Documents that this device has by itself. */
  readonly brings: number
  /** What ends a pairing at once, when the app closes. */
  readonly endings: Set<() => void>
}

/** True for what a QR code holds, false for what may be a typed code. */
export function isPairingLink(text: string): boolean {
  return text.includes('#')
}

/** Answers a QR code. Throws `LINK_MALFORMED`, `LINK_VERSION`, and `NOT_A_PAIRING` for a document's link. */
export function answerQr({ adopt, brings }: AnswerParts, text: string): PairingAnswer {
  const { kind, fragment } = readLink(text)
  if (kind !== 'pairing') throw linkError('NOT_A_PAIRING')
  const link = decodeLinkFragment(fragment)
  return { digits: null, brings, confirm: () => adopt(link), reject: () => Promise.resolve() }
}

/** Answers a typed code: both devices show the same digits then, if nobody stands between them. Rejects with `PAIRING_CODE` for a slip. */
export async function answerCode(parts: AnswerParts, code: string): Promise<PairingAnswer> {
  const { device } = parts.installation
  const room = new PairingRoom(parts.installation, code, PAIRING_LIFETIME_MS)
  parts.endings.add(() => room.leave())
  try {
    await room.whenEmpty()
    const reveal = createReveal(device)
    room.put('commitment', commitReveal(reveal))
    const shown = await room.take('old')
    if (certificateInReveal(shown) === null) throw pairingError('PAIRING_DISTURBED')
    room.put('new', reveal)
    return {
      digits: pairingDigits(reveal, shown),
      brings: parts.brings,
      confirm: () => takeLink(parts, room, reveal, shown),
      reject: () => room.close(),
    }
  } catch (error) {
    room.leave()
    throw error
  }
}

async function takeLink(parts: AnswerParts, room: PairingRoom, reveal: Bytes, shown: Bytes): Promise<void> {
  try {
    const fragment = openLink(await room.take('link'), parts.installation.device, reveal, shown)
    if (fragment === null) throw pairingError('PAIRING_DISTURBED')
    await parts.adopt(decodeLinkFragment(bytesToBase64url(fragment)))
  } finally {
    room.leave()
  }
}
