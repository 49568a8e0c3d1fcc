import { describe, expect, it } from 'vitest'

import { parseRoomLink, roomLinkToText } from '../../../client/node/cli/room-link.ts'

const KEY = Uint8Array.from({ length: 32 }, (_, i) => i * 7)
const ID = Uint8Array.from({ length: 16 }, (_, i) => 255 - i)
const ROOM = roomLinkToText({ mode: 'shared-key', key: KEY, room: 'Ideen für März / 2' })

describe('a link', () => {
  it('carries key and name of a room as one word', () => {
    expect(ROOM).toMatch(/^y-sealed-room:[A-Za-z0-9_-]{43}\/\S+$/)
    expect(parseRoomLink(` ${ROOM}\n`)).toEqual({ mode: 'shared-key', key: KEY, room: 'Ideen für März / 2' })
  })

  it('carries only the id of a document of members', () => {
    const link = { mode: 'members', documentId: ID } as const
    expect(parseRoomLink(roomLinkToText(link))).toEqual(link)
  })

  it.each([
    '',
    'note',
    'y-sealed-room:',
    ROOM.slice(0, -20),
    ROOM.replace('/', ''),
    `${ROOM}/more`,
    'y-sealed-room:AAAA/note',
    `${ROOM.split('/')[0]}/`,
    `${ROOM.split('/')[0]}/%ff`,
    `${ROOM.split('/')[0]}/${'x'.repeat(1_025)}`,
    'y-sealed-document:AAAA',
    'y-sealed-document:AAAAAAAAAAAAAAAAAAAAAAAAA',
  ])('is refused when it is not whole, without being repeated (%#)', (text) => {
    expect(() => parseRoomLink(text)).toThrow(/^that is no link of a document: it begins with [^A-Z]*$/)
  })
})
