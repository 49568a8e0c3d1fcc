/**
 * Random bytes from the platform's `crypto.getRandomValues` (W3C Web Cryptography §10.1.1), which every supported runtime has and
 * which is ten times faster than libsodium's detour through it.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'

/** Fills with unpredictable bytes. Tests may pass another; nothing else does. */
export type RandomSource = (length: number) => Bytes

// `shared` compiles without DOM or Node types: this is all of the platform that it names.
declare const crypto: { getRandomValues<T extends Uint8Array<ArrayBuffer>>(array: T): T }

/** `length` random bytes, at most 65 536. */
export const randomBytes: RandomSource = (length) => crypto.getRandomValues(new Uint8Array(length))
