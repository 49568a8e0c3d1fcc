/**
 * Lies that do not last: what a bad network does too, and what is found out at once. Whoever was told them has everything again when they
 * end. (Those after which a client believes the relay no more, such as another entry shown at a place, are in `test/hostile`.)
 *
 * @module
 */
import { encodeEntries, OFFSET, type Bytes, type ClientFrame, type RelayFrame } from '@y-sealed/protocol'

import { turnBit, type Link, type LyingRelay, type Trick } from '../lying-relay.ts'
import type { Random } from '../random.ts'

/** With these a client deals as with a bad network; of what opens a socket or a document it could make nothing. */
const TO_CLIENT: ReadonlySet<string> = new Set(['entries', 'ack', 'read-done', 'awareness', 'head'])
const TO_RELAY: ReadonlySet<string> = new Set(['push', 'push-part', 'read', 'awareness'])

interface Frame {
  readonly type: string
}

/** A trick on frames of those types, `share` of ten times. */
function onSome<Of extends Frame>(
  types: ReadonlySet<string>,
  random: Random,
  share: number,
  lie: Trick<Of>,
): Trick<Of> {
  return (frame, message, link) =>
    frame !== null && types.has(frame.type) && random(10) < share ? lie(frame, message, link) : undefined
}

interface Told {
  readonly toClient?: Trick<RelayFrame>
  readonly toRelay?: Trick<ClientFrame>
  /** Lets go of what is held back. */
  readonly end?: () => void
}

type Lie = (random: Random) => Told

/** Each message that it is told to hold goes out behind the next one of its link. */
function swap<Of extends Frame>(types: ReadonlySet<string>, random: Random): Trick<Of> {
  const held = new Map<Link, Bytes>()
  return (frame, message, link) => {
    const before = held.get(link)
    held.delete(link)
    if (before !== undefined) return [message, before]
    if (frame === null || !types.has(frame.type) || random(2) > 0) return undefined
    held.set(link, message)
    return []
  }
}

const drop = (): readonly Bytes[] => []
const twice = (_frame: unknown, message: Bytes): readonly Bytes[] => [message, message]

/** Entries are shown without the last of them. */
const truncate: Trick<RelayFrame> = (frame) => {
  if (frame?.type !== 'entries') return undefined
  const envelopes = frame.envelopes.slice(0, -1)
  return envelopes.length === 0
    ? []
    : [
        encodeEntries(
          frame.seq,
          envelopes.map(({ bytes }) => bytes),
        ),
      ]
}

/** The first entry becomes one of a version that does not exist. */
const alter: Trick<RelayFrame> = (frame) => {
  if (frame?.type !== 'entries') return undefined
  const [first, ...rest] = frame.envelopes.map(({ bytes }) => bytes)
  return [encodeEntries(frame.seq, [turnBit(first as Bytes, OFFSET.version, 5), ...rest])]
}

const cutInHalf: Trick<RelayFrame> = (_frame, message) => [message.slice(0, message.length >> 1)]

/** What is said comes later, all of it and in order. */
function delay(random: Random): Told {
  const waiting: (() => void)[] = []
  const timers = new Set<ReturnType<typeof setTimeout>>()
  const one = (): void => waiting.shift()?.()
  const later = (say: () => void): readonly Bytes[] => {
    waiting.push(say)
    const timer = setTimeout(() => {
      timers.delete(timer)
      one()
    }, random(120))
    timers.add(timer)
    return []
  }
  return {
    toClient: (_frame, message, link) => later(() => link.isOpen && link.toClient(message)),
    toRelay: (_frame, message, link) => later(() => link.isOpen && link.toRelay(message)),
    end: () => {
      for (const timer of timers) clearTimeout(timer)
      while (waiting.length > 0) one()
    },
  }
}

const LIES: Readonly<Record<string, Lie>> = {
  drop: (random) => ({ toClient: onSome(TO_CLIENT, random, 4, drop), toRelay: onSome(TO_RELAY, random, 3, drop) }),
  duplicate: (random) => ({
    toClient: onSome(TO_CLIENT, random, 6, twice),
    toRelay: onSome(TO_RELAY, random, 6, twice),
  }),
  reorder: (random) => ({ toClient: swap(TO_CLIENT, random), toRelay: swap(TO_RELAY, random) }),
  truncate: (random) => ({ toClient: onSome(TO_CLIENT, random, 5, truncate) }),
  alter: (random) => ({ toClient: onSome(TO_CLIENT, random, 2, alter) }),
  halve: (random) => ({ toClient: onSome(TO_CLIENT, random, 2, cutInHalf) }),
  delay,
}

/** The names of all lies. */
export const LIE_NAMES: readonly string[] = Object.keys(LIES)

/** It tells that lie from now on, and calls `onLie` for each message; the result ends it. */
export function tell(lying: LyingRelay, name: string, random: Random, onLie: () => void): () => void {
  const { toClient, toRelay, end } = (LIES[name] as Lie)(random)
  if (toClient) lying.toClient = counted(toClient, onLie)
  if (toRelay) lying.toRelay = counted(toRelay, onLie)
  return () => {
    lying.repent()
    end?.()
  }
}

function counted<Of>(trick: Trick<Of>, onLie: () => void): Trick<Of> {
  return (frame, message, link) => {
    const said = trick(frame, message, link)
    if (said !== undefined) onLie()
    return said
  }
}
