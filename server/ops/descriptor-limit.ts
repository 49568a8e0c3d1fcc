/**
 * How many descriptors the system gives this process, and how many sockets fit into them: a relay that takes more than it has room for
 * cannot open its own files. Row H14.
 *
 * @module
 */
import { readFileSync } from 'node:fs'

/** For the database, its journal, key and certificate files, the log, the operations port, and Node itself. */
const RESERVED = 64

/** How many connections a relay takes. */
export interface ConnectionLimits {
  /** WebSockets. */
  readonly sockets: number
  /** TCP connections, with those on their way in. */
  readonly connections: number
}

/** The limit in force; `null` where the system does not say, or sets none. */
export function readDescriptorLimit(): number | null {
  try {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return limit === undefined ? null : Number(limit)
  } catch {
    return null
  }
}

/** `wanted`, or as many as fit, in the same proportion: who comes to a full house is still to be answered 503. */
export function fitConnections(wanted: ConnectionLimits, descriptors: number | null): ConnectionLimits {
  const room = descriptors === null ? Infinity : Math.max(2, descriptors - RESERVED)
  if (wanted.connections <= room) return wanted
  return { connections: room, sockets: Math.max(1, Math.floor((wanted.sockets * room) / wanted.connections)) }
}
