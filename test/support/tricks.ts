/**
 * The catalogue of lies: what a relay can do to one client without another relay's help, and what every client must do then. One list, for
 * every kind of client. Forks, older databases and head keys need more than one socket: `test/hostile/lying-relay-history.test.ts`.
 *
 * @module
 */
import {
  encodeEntries,
  encodeRelayFrame,
  HEADER_BYTES,
  OFFSET,
  type Bytes,
  type EntriesFrame,
  type OpenedFrame,
  type RelayFrame,
} from '@y-sealed/protocol'

import type { Lie, SocketTrick } from './lying-socket.ts'

export interface Trick {
  /** Row of SECURITY-CASES. */
  readonly row: string
  readonly name: string
  readonly lie: () => Lie
  /** The client has everything while the lie goes on: it costs nothing but time. */
  readonly isHarmless?: true
  /** It lies at openings: the socket is cut for it. */
  readonly isAtOpening?: true
  /** One of these is told before all is well again; none: nobody need be told. */
  readonly tells: readonly string[]
  /** The client leaves this relay, and keeps what it has. */
  readonly stops?: true
}

const NOTHING: readonly Bytes[] = []
const PONG = encodeRelayFrame({ type: 'pong', nonce: 1 })

function onEntries(lie: (frame: EntriesFrame, message: Bytes) => readonly Bytes[] | undefined): Lie {
  return { toClient: (frame, message) => (frame?.type === 'entries' ? lie(frame, message) : undefined) }
}

/** Each envelope altered. */
function altered(change: (envelope: Bytes) => Bytes): Lie {
  return onEntries(({ seq, envelopes }) => [
    encodeEntries(
      seq,
      envelopes.map(({ bytes }) => change(bytes)),
    ),
  ])
}

function turn(bytes: Bytes, at: number, mask = 1): Bytes {
  const turned = bytes.slice()
  const place = at < 0 ? bytes.length + at : at
  turned[place] = (turned[place] as number) ^ mask
  return turned
}

/** The first head that it opened with, ever after. */
function rolledBack(): Lie {
  let first: OpenedFrame | null = null
  const toClient: SocketTrick<RelayFrame> = (frame) => {
    if (frame?.type === 'entries' || frame?.type === 'head' || frame?.type === 'read-done') return NOTHING
    if (frame?.type !== 'opened') return undefined
    first ??= { ...frame, head: { ...frame.head, seq: 1 } }
    return [encodeRelayFrame({ ...frame, present: false, head: ZERO_HEAD, through: 0 })]
  }
  return { toClient }
}

const ZERO_HEAD = { seq: 0, transcript: new Uint8Array(32), signature: new Uint8Array(64) }

/** Says that it has stored what it has not even passed on. */
function misacknowledging(): Lie {
  let last = 0
  return {
    toClient: (frame) => {
      if (frame?.type === 'entries') last = Math.max(last, frame.seq + frame.envelopes.length - 1)
      if (frame?.type === 'opened') last = Math.max(last, frame.head.seq)
      return undefined
    },
    toRelay: (frame, _message, say) => {
      if (frame?.type !== 'push') return undefined
      const [first] = frame.envelopes
      if (first === undefined) return undefined
      const { document, session, counter } = first
      const count = frame.envelopes.length
      // A place that the client has read already it would not believe: the liar waits until it knows where the log ends.
      const acknowledge = (): void => {
        if (last === 0) return void setTimeout(acknowledge, 1)
        say(encodeRelayFrame({ type: 'ack', document, session, counter, count, seq: last + 1, compaction: 'none' }))
        last += count
      }
      setTimeout(acknowledge, 1)
      return NOTHING
    },
  }
}

export const TRICKS: readonly Trick[] = [
  {
    row: 'K1',
    name: 'turns a bit of each ciphertext',
    lie: () => altered((bytes) => turn(bytes, HEADER_BYTES + 9)),
    tells: ['ENTRY_REFUSED', 'WAITING', 'FORK', 'ROLLBACK'],
  },
  {
    row: 'K1',
    name: 'turns a bit of each signature',
    lie: () => altered((bytes) => turn(bytes, -1)),
    tells: ['ENTRY_REFUSED', 'WAITING', 'FORK', 'ROLLBACK'],
  },
  {
    row: 'K1',
    name: 'turns a bit of each author',
    lie: () => altered((bytes) => turn(bytes, OFFSET.device)),
    tells: ['ENTRY_REFUSED', 'WAITING', 'FORK', 'ROLLBACK'],
  },
  {
    row: 'K2',
    name: 'says everything twice',
    isHarmless: true,
    lie: () => onEntries((_frame, message) => [message, message]),
    tells: [],
  },
  {
    row: 'K2',
    name: 'replays all that it said before with each',
    isHarmless: true,
    lie: () => {
      const said: Bytes[] = []
      return onEntries((_frame, message) => (said.push(message), [...said]))
    },
    tells: [],
  },
  {
    row: 'K3',
    name: 'drops each second time it says something',
    isHarmless: true,
    lie: () => {
      let count = 0
      return onEntries(() => (count++ % 2 === 0 ? NOTHING : undefined))
    },
    tells: [],
  },
  {
    row: 'K3',
    name: 'says each thing after the next',
    isHarmless: true,
    lie: () => {
      let held: Bytes | null = null
      return onEntries((_frame, message) => {
        const before = held
        held = before === null ? message : null
        return before === null ? NOTHING : [message, before]
      })
    },
    tells: [],
  },
  {
    row: 'K3',
    name: 'says everything a third of a second late',
    isHarmless: true,
    lie: () => ({
      toClient: (frame, message, say) => {
        if (frame?.type !== 'entries') return undefined
        setTimeout(() => say(message), 333)
        return NOTHING
      },
    }),
    tells: [],
  },
  {
    row: 'K4',
    name: 'puts another document’s id on each',
    lie: () => altered((bytes) => turn(bytes, OFFSET.document)),
    tells: [],
  },
  {
    row: 'K4',
    name: 'puts another epoch on each',
    lie: () => altered((bytes) => turn(bytes, OFFSET.epoch + 3, 2)),
    tells: ['LOG_INVALID', 'ENTRY_REFUSED'],
    stops: true,
  },
  { row: 'K4', name: 'makes another kind of each', lie: () => altered((bytes) => turn(bytes, OFFSET.kind)), tells: [] },
  {
    row: 'K9',
    name: 'opens with a document that is not there',
    isAtOpening: true,
    lie: rolledBack,
    tells: ['ROLLBACK'],
    stops: true,
  },
  {
    row: 'K11',
    name: 'says nothing new any more',
    lie: () => ({ toClient: (frame) => (frame?.type === 'entries' || frame?.type === 'head' ? NOTHING : undefined) }),
    tells: [],
  },
  {
    row: 'K13',
    name: 'says what is no frame',
    lie: () => onEntries(() => [new Uint8Array(1_000).fill(0xee)]),
    tells: [],
  },
  {
    row: 'K13',
    name: 'says two MiB at once',
    lie: () => onEntries(() => [new Uint8Array(2_097_152).fill(0x83)]),
    tells: [],
  },
  {
    row: 'K13',
    name: 'says nothing a thousand times with each',
    isHarmless: true,
    lie: () => onEntries((_frame, message) => [message, ...Array.from({ length: 1_000 }, () => PONG)]),
    tells: [],
  },
  {
    row: 'K14',
    name: 'acknowledges nothing',
    lie: () => ({ toClient: (frame) => (frame?.type === 'ack' ? NOTHING : undefined) }),
    tells: [],
  },
  {
    row: 'K14',
    name: 'acknowledges what it throws away',
    lie: misacknowledging,
    tells: ['ROLLBACK', 'FORK', 'WITHHELD', 'ENTRY_REFUSED'],
  },
  {
    row: 'K17',
    name: 'shows presence a hundred times, each with a bit turned',
    isHarmless: true,
    lie: () => ({
      toClient: (frame, message) =>
        frame?.type === 'awareness'
          ? Array.from({ length: 100 }, (_, bit) => turn(message, -1 - bit, 1 << (bit & 7)))
          : undefined,
    }),
    tells: [],
  },
  { row: 'K15', name: 'speaks another version', lie: () => altered((bytes) => turn(bytes, 0)), tells: [] },
  { row: 'K15', name: 'speaks another suite', lie: () => altered((bytes) => turn(bytes, 2)), tells: [] },
]
