/**
 * One document as a line of text, to carry to another terminal: in `shared-key` mode key and room name, in `members` mode only the id,
 * for the key stays in the key store.
 *
 * @module
 */
import { base64urlToBytes, bytesToBase64url, encodeUtf8, type Bytes } from '@y-sealed/protocol'
import { SettingsError } from './settings-error.ts'

/** What a link says. Whoever has a room's key reads and writes the room. */
export type RoomLink =
  | { readonly mode: 'shared-key'; readonly key: Bytes; readonly room: string }
  | { readonly mode: 'members'; readonly documentId: Bytes }

const ROOM = 'y-sealed-room:'
const DOCUMENT = 'y-sealed-document:'
const KEY_BYTES = 32
const ID_BYTES = 16
const MAX_ROOM_BYTES = 1_024

export function roomLinkToText(link: RoomLink): string {
  if (link.mode === 'members') return `${DOCUMENT}${bytesToBase64url(link.documentId)}`
  return `${ROOM}${bytesToBase64url(link.key)}/${encodeURIComponent(link.room)}`
}

/** Throws {@link SettingsError} for a text that is no link, without repeating it: it may be half a key. */
export function parseRoomLink(text: string): RoomLink {
  const trimmed = text.trim()
  if (trimmed.startsWith(DOCUMENT)) {
    const documentId = base64urlToBytes(trimmed.slice(DOCUMENT.length))
    if (documentId?.length === ID_BYTES) return { mode: 'members', documentId }
  } else if (trimmed.startsWith(ROOM)) {
    const [key = '', name = '', ...rest] = trimmed.slice(ROOM.length).split('/')
    const bytes = base64urlToBytes(key)
    const room = decodeName(name)
    if (bytes?.length === KEY_BYTES && room !== null && rest.length === 0)
      return { mode: 'shared-key', key: bytes, room }
  }
  throw new SettingsError(
    `that is no link of a document: it begins with ${ROOM} or ${DOCUMENT}; copy the whole line that --new printed`,
  )
}

/** True for what can name a room. */
export function isRoomName(name: string): boolean {
  const bytes = encodeUtf8(name)
  return bytes !== null && bytes.length > 0 && bytes.length <= MAX_ROOM_BYTES
}

function decodeName(text: string): string | null {
  try {
    const name = decodeURIComponent(text)
    return isRoomName(name) ? name : null
  } catch {
    return null
  }
}
