/**
 * The old device's half of a pairing: it makes a link for one device into the person's own document, sees who comes by it, and, when the
 * person confirms, makes that device one of theirs. Rules KM22, CL12.
 *
 * @module
 */
import {
  base64urlToBytes,
  bytesToBase64url,
  deviceIdOf,
  equalBytes,
  sodiumSha512,
  type Bytes,
} from '@y-sealed/protocol'
import { bytesOf, type MadeLink } from '../documents/sealed-document.ts'
import type { Installation } from '../documents/installation.ts'
import type { PersonalDocument } from '../documents/personal-document.ts'
import { encodeLinkFragment } from '../links/link-fragment.ts'
import { writeLink } from '../links/link-url.ts'
import { startTimer, type Cancel } from '../platform.ts'
import {
  certificateInReveal,
  createPairingCode,
  createReveal,
  matchesCommitment,
  pairingDigits,
  sealLink,
} from './handshake.ts'
import { PAIRING_LIFETIME_MS } from './pairing-door.ts'
import { pairingError } from './pairing-error.ts'
import { PairingRoom } from './pairing-room.ts'

/** A device that wants to be one of this person's. */
export interface PairingRequest {
  /** base64url of 16 bytes. */
  readonly device: string
  /** As the new device calls itself; `null` where it has not said. */
  readonly name: string | null
  /** To be compared with what the new device shows; `null` after a QR code, which nobody can have changed on its way. */
  readonly digits: string | null
  /** Makes it one of the person's devices, and lets it into every document; resolves when that is done. */
  confirm(): Promise<void>
  /** Shows it the door. */
  reject(): Promise<void>
}

export interface PairingOffer {
  /** For the new device: the text of a QR code, or a code of ten characters to type. A secret while the pairing lasts. */
  readonly text: string
  /** The first device that answers. Rejects with `PAIRING_EXPIRED`, `PAIRING_CLOSED`, `PAIRING_DISTURBED`. */
  readonly request: Promise<PairingRequest>
  /** Ends the offer; harmless after a confirmation. */
  close(): Promise<void>
}

export interface OfferParts {
  readonly installation: Installation
  readonly personal: PersonalDocument
  /** Lets confirmed devices into every document. */
  readonly letIn: () => Promise<void>
  /** What ends a pairing at once, when the app closes. */
  readonly endings: Set<() => void>
}

/** Offers a pairing by QR code; `app` is the address that the new device's camera opens. */
export async function offerByQr(parts: OfferParts, app?: string): Promise<PairingOffer> {
  const { door } = parts.personal
  const link = await door.open()
  const guest = awaitGuest(parts, link)
  const request = guest.joined.then((device) => createRequest(parts, device, null))
  request.catch(() => undefined)
  return {
    text: writeLink(encodeLinkFragment(link.fragment), 'pairing', app),
    request,
    close: () => {
      guest.end()
      return door.close(link)
    },
  }
}

/** Offers a pairing by a code to type. Rejects as the relay refuses to make a room. */
export async function offerByCode(parts: OfferParts): Promise<PairingOffer> {
  const code = createPairingCode()
  const room = new PairingRoom(parts.installation, code, PAIRING_LIFETIME_MS)
  parts.endings.add(() => room.leave())
  try {
    await room.whenEmpty()
  } catch (error) {
    room.leave()
    throw error
  }
  const request = meet(parts, room)
  request.catch(() => room.close())
  return { text: code, request, close: () => room.close() }
}

async function meet(parts: OfferParts, room: PairingRoom): Promise<PairingRequest> {
  const { installation } = parts
  const commitment = await room.take('commitment')
  const reveal = createReveal(installation.device)
  room.put('old', reveal)
  const shown = await room.take('new')
  const certificate = certificateInReveal(shown)
  if (certificate === null || !matchesCommitment(commitment, shown)) throw pairingError('PAIRING_DISTURBED')
  const id = deviceIdOf(sodiumSha512, certificate.signPublic, certificate.boxPublic)
  return {
    device: bytesToBase64url(id),
    name: null,
    digits: pairingDigits(shown, reveal),
    confirm: async () => {
      try {
        await welcome(parts, room, { shown, reveal, id })
      } finally {
        await room.close()
      }
    },
    reject: () => room.close(),
  }
}

async function welcome(
  parts: OfferParts,
  room: PairingRoom,
  { shown, reveal, id }: { readonly shown: Bytes; readonly reveal: Bytes; readonly id: Bytes },
): Promise<void> {
  const { personal, installation } = parts
  const link = await personal.door.open()
  try {
    const guest = awaitGuest(parts, link)
    const fragment = base64urlToBytes(encodeLinkFragment(link.fragment)) as Bytes
    room.put('link', sealLink(fragment, installation.device, shown, reveal) as Bytes)
    const joined = await guest.joined
    if (!equalBytes(bytesOf(joined), id)) throw pairingError('PAIRING_DISTURBED')
    await createRequest(parts, joined, null).confirm()
  } finally {
    await personal.door.close(link)
  }
}

function createRequest({ personal, letIn }: OfferParts, device: string, digits: string | null): PairingRequest {
  const { document } = personal
  const memberId = (): string | null => personal.memberOf(device)?.id ?? null
  return {
    device,
    name: personal.devices.find(({ id }) => id === device)?.name ?? null,
    digits,
    confirm: async () => {
      const id = memberId()
      if (id === null) throw pairingError('PAIRING_CLOSED')
      await document.setRole(id, 'admin')
      await letIn()
    },
    reject: async () => {
      const id = memberId()
      if (id !== null) await document.remove(id)
    },
  }
}

interface Guest {
  /** Id of the device that joined by the link. */
  readonly joined: Promise<string>
  readonly end: () => void
}

function awaitGuest({ personal: { document }, endings }: OfferParts, link: MadeLink): Guest {
  const id = bytesToBase64url(link.id)
  let deadline: Cancel = () => undefined
  let end = (): void => undefined
  const joined = new Promise<string>((resolve, reject) => {
    const onMembers = document.on('members', (members) => {
      const guest = members.find(({ link }) => link === id)
      if (guest === undefined) return
      leave()
      resolve(guest.id)
    })
    const leave = (): void => {
      deadline()
      document.off('members', onMembers)
    }
    deadline = startTimer(PAIRING_LIFETIME_MS, () => {
      leave()
      reject(pairingError('PAIRING_EXPIRED'))
    })
    end = () => {
      leave()
      reject(pairingError('PAIRING_CLOSED'))
    }
    endings.add(end)
  })
  joined.catch(() => undefined)
  return { joined, end }
}
