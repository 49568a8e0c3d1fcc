/**
 * Where the reading of a log may begin in place of entry 1: at what a snapshot says of the log up to its place. Rules LO10, CL1.
 *
 * @module
 */
import {
  bytesToHex,
  hexToBytes,
  packBindings,
  packIntroduced,
  packSessions,
  readSession,
  type Bytes,
  type SessionHead,
  type SessionState,
  type SnapshotContext,
} from '@y-sealed/protocol'
import type { Authority } from '../document/document-access.ts'
import type { BoundClient, LogState } from '../yjs/log-state.ts'
import type { DeleteRange } from '../yjs/inspect-update.ts'

/** The counted log up to `seq`: what it says, and what Yjs holds by it. */
export interface LogBase {
  readonly seq: number
  readonly context: SnapshotContext
  /** The clock after the last struct of each Yjs client. */
  readonly clocks: ReadonlyMap<number, number>
  readonly deletes: readonly DeleteRange[]
}

/** What a judge of authorship has to know to go on from a place. */
export interface AuthorityBase {
  readonly seq: number
  /** Id of the newest record up to there, 32 bytes. */
  readonly recordHead: Bytes
  readonly sessions: readonly SessionState[]
  /** Both public keys of each introduced device, 64 bytes. [KM15] */
  readonly devices: readonly Bytes[]
}

/** The sessions that a context lists. */
function sessionsOf({ sessions }: SnapshotContext): SessionState[] {
  return Array.from({ length: sessions.length }, (_, i) => readSession(sessions, i))
}

/** What {@link LogBase} says to a judge of authorship. */
export function authorityBaseOf({ seq, context }: LogBase): AuthorityBase {
  const devices = Array.from({ length: context.devices.length }, (_, i) => context.devices.key(i))
  return { seq, recordHead: context.recordHead, sessions: sessionsOf(context), devices }
}

/** What it says to the `Authenticator`. */
export function sessionHeadsOf({ context }: LogBase): [string, SessionHead][] {
  return sessionsOf(context).map(({ device, session, counter, seq, id, standing }) => [
    bytesToHex(device) + bytesToHex(session),
    { counter, seq, id, closed: standing === 'dead' },
  ])
}

/** Whose each Yjs client is. */
export function boundClientsOf({ context: { bindings } }: LogBase): BoundClient[] {
  return [...bindings].map(([key, device]) => ({ client: Number(toView(key).getBigUint64(0)), device }))
}

function toView(bytes: Bytes): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

const DEAD = { standing: 'dead', keys: null } as const

export interface ContextParts extends Pick<SnapshotContext, 'transcript' | 'recordHead' | 'publications'> {
  /** By `hex(device ‖ session)`. */
  readonly heads: ReadonlyMap<string, SessionHead>
  readonly state: LogState
  /** What the judge of authorship says of a session that is not dead. */
  readonly introductionOf: Authority['introductionOf']
}

/** The context of a snapshot at the place to which a log has come. [LO10] */
export function contextOf({ heads, state, introductionOf, ...rest }: ContextParts): SnapshotContext {
  const sessions: SessionState[] = []
  const deviceByHex = new Map<string, Bytes>()
  for (const [name, { counter, seq, id, closed }] of heads) {
    const [device, session] = [hexToBytes(name.slice(0, 32)) as Bytes, hexToBytes(name.slice(32)) as Bytes]
    const { standing, keys } = closed ? DEAD : introductionOf(device, session)
    if (keys !== null) deviceByHex.set(bytesToHex(keys), keys)
    sessions.push({ device, session, counter, seq, id, standing })
  }
  const bound = state.boundClients().map(({ client, device }) => [client, device] as const)
  const devices = packIntroduced(deviceByHex.values())
  return { ...rest, sessions: packSessions(sessions), bindings: packBindings(bound), devices }
}
