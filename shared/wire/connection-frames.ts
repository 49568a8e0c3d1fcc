/**
 * Frames about the socket itself: greeting, proof, liveness, farewell. Rules FR2–FR4, FR11, AU8.
 *
 * @module
 */
import type { Bytes } from '../bytes.ts'
import { HASH_BYTES } from '../crypto/hash.ts'
import { SIGNATURE_BYTES } from '../envelope/envelope.ts'
import { MAX_AUDIENCE_BYTES, MAX_HEAD_KEY_STATEMENTS } from '../limits.ts'
import { readHeadKeyStatement, writeHeadKeyStatement, type HeadKeyStatement } from '../log/head-key.ts'
import { PUBLIC_KEY_BYTES } from '../members/device-id.ts'
import { CLIENT_FRAME, RELAY_FRAME } from './frame-type.ts'
import type { Reader } from './reader.ts'
import { Writer } from './writer.ts'

/** Length of WELCOME's nonce. */
const WELCOME_NONCE_BYTES = 32

/** The device that speaks on this socket, and its proof over WELCOME's nonce. [AU8] */
export interface HelloFrame {
  readonly type: 'hello'
  readonly signPublic: Bytes
  readonly boxPublic: Bytes
  /** The URL that the client dialled. [AU5] */
  readonly audience: string
  readonly signature: Bytes
}

export function encodeHello(frame: HelloFrame): Bytes {
  return new Writer()
    .u8(CLIENT_FRAME.hello)
    .fixed(frame.signPublic, PUBLIC_KEY_BYTES)
    .fixed(frame.boxPublic, PUBLIC_KEY_BYTES)
    .text(frame.audience, MAX_AUDIENCE_BYTES)
    .fixed(frame.signature, SIGNATURE_BYTES)
    .finish()
}

export function decodeHello(reader: Reader): HelloFrame {
  return {
    type: 'hello',
    signPublic: reader.fixed(PUBLIC_KEY_BYTES),
    boxPublic: reader.fixed(PUBLIC_KEY_BYTES),
    audience: reader.text(MAX_AUDIENCE_BYTES),
    signature: reader.fixed(SIGNATURE_BYTES),
  }
}

/** The relay's greeting: a nonce to sign, its head key, and its limits. */
export interface WelcomeFrame {
  readonly type: 'welcome'
  /** 32 bytes. */
  readonly nonce: Bytes
  /** 32 bytes. [LO5] */
  readonly headKey: Bytes
  readonly headKeyStatements: readonly HeadKeyStatement[]
  readonly timeMs: number
  readonly heartbeatMs: number
  readonly maxDocuments: number
  readonly maxPushes: number
  readonly pageBytes: number
}

export function encodeWelcome(frame: WelcomeFrame): Bytes {
  const statements = frame.headKeyStatements
  if (statements.length > MAX_HEAD_KEY_STATEMENTS) throw new RangeError('too many head-key statements')
  const writer = new Writer()
    .u8(RELAY_FRAME.welcome)
    .fixed(frame.nonce, WELCOME_NONCE_BYTES)
    .fixed(frame.headKey, PUBLIC_KEY_BYTES)
    .u8(statements.length)
  for (const statement of statements) writeHeadKeyStatement(writer, statement)
  return writer
    .u64(frame.timeMs)
    .u32(frame.heartbeatMs)
    .u16(frame.maxDocuments)
    .u16(frame.maxPushes)
    .u32(frame.pageBytes)
    .finish()
}

function readStatements(reader: Reader): readonly HeadKeyStatement[] {
  const count = reader.u8()
  reader.require(count <= MAX_HEAD_KEY_STATEMENTS, 'count')
  const statements: HeadKeyStatement[] = []
  while (statements.length < count && reader.fault === null) statements.push(readHeadKeyStatement(reader))
  return statements
}

export function decodeWelcome(reader: Reader): WelcomeFrame {
  return {
    type: 'welcome',
    nonce: reader.fixed(WELCOME_NONCE_BYTES),
    headKey: reader.fixed(HASH_BYTES),
    headKeyStatements: readStatements(reader),
    timeMs: reader.u64(),
    heartbeatMs: reader.u32(),
    maxDocuments: reader.u16(),
    maxPushes: reader.u16(),
    pageBytes: reader.u32(),
  }
}

/** Asks for a PONG with the same number. */
export interface PingFrame {
  readonly type: 'ping'
  readonly nonce: number
}

export function encodePing(frame: PingFrame): Bytes {
  return new Writer(5).u8(CLIENT_FRAME.ping).u32(frame.nonce).finish()
}

export function decodePing(reader: Reader): PingFrame {
  return { type: 'ping', nonce: reader.u32() }
}

/** Answers a PING. */
export interface PongFrame {
  readonly type: 'pong'
  readonly nonce: number
}

export function encodePong(frame: PongFrame): Bytes {
  return new Writer(5).u8(RELAY_FRAME.pong).u32(frame.nonce).finish()
}

export function decodePong(reader: Reader): PongFrame {
  return { type: 'pong', nonce: reader.u32() }
}

/** The socket lives. [FR11] */
export interface HeartbeatFrame {
  readonly type: 'heartbeat'
  readonly timeMs: number
}

export function encodeHeartbeat(frame: HeartbeatFrame): Bytes {
  return new Writer(9).u8(RELAY_FRAME.heartbeat).u64(frame.timeMs).finish()
}

export function decodeHeartbeat(reader: Reader): HeartbeatFrame {
  return { type: 'heartbeat', timeMs: reader.u64() }
}

/** The relay is about to close; come back after `retryAfterMs` and a random share of `jitterMs`. */
export interface GoawayFrame {
  readonly type: 'goaway'
  readonly retryAfterMs: number
  readonly jitterMs: number
}

export function encodeGoaway(frame: GoawayFrame): Bytes {
  return new Writer(9).u8(RELAY_FRAME.goaway).u32(frame.retryAfterMs).u32(frame.jitterMs).finish()
}

export function decodeGoaway(reader: Reader): GoawayFrame {
  return { type: 'goaway', retryAfterMs: reader.u32(), jitterMs: reader.u32() }
}
