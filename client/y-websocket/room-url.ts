/**
 * What y-websocket makes of a server's URL and a room's name, taken apart again: the relay, and the room. Rules AU5, CL64.
 *
 * @module
 */
import { audienceOf } from '../connection/socket.ts'

export interface RoomUrl {
  /** The relay's URL as dialled. */
  readonly audience: string
  readonly room: string
}

/**
 * `wss://host/room` or `wss://host/sync/room`, where the room is text as it stands, slashes and all. Throws `TypeError` where something
 * stands in the URL that belongs elsewhere, and says where.
 */
export function readRoomUrl(url: string): RoomUrl {
  if (url.includes('?')) {
    throw new TypeError(
      'y-sealed: a URL is no place for tokens or parameters: take `params` from the provider (and `?` from the room), ' +
        'and give `token` to sealedWebSocket',
    )
  }
  if (url.includes('#')) throw new TypeError('y-sealed: take `#` from the server URL and the room')
  const [, origin, path] = /^([a-z]+:\/\/[^/]*)\/(.*)$/s.exec(url) ?? []
  if (origin === undefined || path === undefined) throw new TypeError('y-sealed: the server URL is wss://host')
  const room = path.startsWith('sync/') ? path.slice('sync/'.length) : path
  if (room === '') throw new TypeError('y-sealed: the room has no name')
  return { audience: audienceOf(origin), room }
}
