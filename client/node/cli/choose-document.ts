/**
 * From options to a document that this device can open: a new one, one by its link, or a room whose key the caller has.
 *
 * @module
 */
import { base64urlToBytes, toBytes, type Bytes } from '@y-sealed/protocol'
import { randomBytes, type Device } from '@y-sealed/protocol/sealing'
import { readFile, writeFile } from 'node:fs/promises'
import type { DocumentAccess } from '../../document/document-access.ts'
import { createMembersDocument, openMembersDocument } from '../../document/members-document.ts'
import { sharedKeyDocument } from '../../document/shared-key-document.ts'
import type { KeyStore } from '../../keys/key-store.ts'
import type { DocumentOptions } from './document-options.ts'
import { isRoomName, parseRoomLink, roomLinkToText, type RoomLink } from './room-link.ts'
import { SettingsError } from './settings-error.ts'

/** A document and the link by which another terminal opens it. */
export interface ChosenDocument {
  readonly access: DocumentAccess
  readonly link: string
  /** Room name, or the first characters of the id. */
  readonly title: string
  readonly isNew: boolean
}

const KEY_BYTES = 32
const DEFAULT_ROOM = 'note'

/** Throws {@link SettingsError} for options that say nothing or contradict each other. */
export async function chooseDocument(
  options: DocumentOptions,
  device: Device,
  keys: KeyStore,
): Promise<ChosenDocument> {
  const { link, linkFile, keyFile } = options
  const sources = [link, keyFile, options.new === true ? null : linkFile].filter(
    (source) => source !== undefined && source !== null,
  )
  const isNew = options.new === true
  if (isNew ? sources.length > 0 : sources.length > 1) {
    throw new SettingsError(
      'more than one document is named: give one of --new, --link-file, --link (or Y_SEALED_LINK) and --key-file',
    )
  }
  if (options.room !== undefined && !isRoomName(options.room)) {
    throw new SettingsError('--room is no name of a room: give 1 to 1024 bytes of text')
  }
  if (options.room !== undefined && !isNew && keyFile === undefined) {
    throw new SettingsError('--room goes with --new or --key-file: a link names its room itself')
  }
  if (isNew) return await createDocument(options, device, keys)
  if (keyFile !== undefined) {
    if (options.room === undefined)
      throw new SettingsError('--key-file wants the name of the room as well: give --room')
    return await openLink({ mode: 'shared-key', key: await readKey(keyFile), room: options.room }, keys)
  }
  if (link !== undefined) return await openLink(parseRoomLink(link), keys)
  if (linkFile !== undefined) return await openLink(parseRoomLink(await readFile(linkFile, 'utf8')), keys)
  throw new SettingsError(
    'no document is named: give --new for a new one, or --link-file with the file that another terminal wrote',
  )
}

async function createDocument(options: DocumentOptions, device: Device, keys: KeyStore): Promise<ChosenDocument> {
  const { linkFile } = options
  let chosen: ChosenDocument
  if (options.mode === 'members') {
    if (options.room !== undefined)
      throw new SettingsError('--room is for --mode shared-key: a document of members has no name yet')
    const access = await createMembersDocument(device, keys)
    chosen = await openLink({ mode: 'members', documentId: access.documentId }, keys)
  } else {
    chosen = await openLink(
      { mode: 'shared-key', key: randomBytes(KEY_BYTES), room: options.room ?? DEFAULT_ROOM },
      keys,
    )
  }
  if (linkFile !== undefined) await writeLink(linkFile, chosen.link)
  return { ...chosen, isNew: true }
}

async function openLink(link: RoomLink, keys: KeyStore): Promise<ChosenDocument> {
  const text = roomLinkToText(link)
  if (link.mode === 'shared-key') return { access: sharedKeyDocument(link), link: text, title: link.room, isNew: false }
  const access = await openMembersDocument(link.documentId, keys)
  return { access, link: text, title: text.slice(-22, -14), isNew: false }
}

/** For its owner alone, and never over another link. */
async function writeLink(path: string, link: string): Promise<void> {
  try {
    await writeFile(path, `${link}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new SettingsError(
      `${path} exists and may hold the only link to a document: leave out --new to open that one, or name another file`,
    )
  }
}

async function readKey(path: string): Promise<Bytes> {
  const raw = toBytes(await readFile(path)).slice()
  if (raw.length === KEY_BYTES) return raw
  const decoded = base64urlToBytes(new TextDecoder().decode(raw).trim())
  if (decoded?.length === KEY_BYTES) return decoded
  throw new SettingsError(
    `${path} holds no key: it has to be 32 random bytes, raw or as 43 characters of base64url ("head -c 32 /dev/urandom > ${path}" makes one)`,
  )
}
