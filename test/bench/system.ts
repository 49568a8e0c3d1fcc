/**
 * What the rows about traffic need of a system under load, be it the relay, a bare socket server or somebody else's: rooms with clients
 * in them that send updates and tell what arrives.
 *
 * @module
 */

/** One client in one room. */
export interface Participant {
  /** Sends its next update. Its number counts from 1. */
  push(): void
  /** Sends its next presence message, numbered apart from updates; absent where a system has no such thing. */
  show?(): void
}

/** Told of each update that reaches `to`, a participant of the room, from another one. */
export type OnDelivered = (to: number, from: number, number: number) => void
/** Told when the server has acknowledged updates of `by` up to `number`. */
export type OnAcknowledged = (by: number, number: number) => void

export interface RoomOptions {
  readonly size: number
  readonly onDelivered: OnDelivered
  readonly onAcknowledged?: OnAcknowledged
  /** Presence that arrives is told apart from updates. */
  readonly onShown?: OnDelivered
}

export interface Room {
  readonly participants: readonly Participant[]
}

/** A server that runs, with all clients that this process has on it. */
export interface System {
  readonly name: string
  readonly pid: number
  /** Opens `rooms.length` rooms whose clients share sockets, each with up to `roomsPerSocket` rooms on it. */
  openRooms(rooms: readonly RoomOptions[], roomsPerSocket?: number): Promise<readonly Room[]>
  /** Ends clients and server. */
  close(): Promise<void>
}

/** Runs `work` on all items, a few at a time: a handshake keeps a server busy for milliseconds. */
export async function eachInTurn<Item, Result>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<Result>,
  atOnce = 16,
): Promise<Result[]> {
  const results: Result[] = []
  for (let from = 0; from < items.length; from += atOnce) {
    const part = items.slice(from, from + atOnce)
    results.push(...(await Promise.all(part.map((item, i) => work(item, from + i)))))
  }
  return results
}
