/**
 * Verification keys from a JWKS file or URL, cached. An unknown `kid` is reason to look again, but no more often than the
 * cool-down allows, since anybody can send one. A source that is out leaves the old keys in force; a good answer replaces
 * them all, so that a key taken off the list is gone. Rows D6, D31, D32.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'

import type { Clock, Log } from '../core/ports.ts'
import { JwksError, parseJwks } from './jwks.ts'
import type { KeySource, VerificationKey } from './key-source.ts'

export interface JwksKeysOptions {
  /** A file's path, or an `https:` address; `http:` only on loopback. */
  readonly source: string
  readonly clock: Clock
  readonly log: Log
  /** Age at which the list is read again. */
  readonly maxAgeMs?: number
  /** Least time between two readings. */
  readonly coolDownMs?: number
  /** Time for the whole answer. */
  readonly timeoutMs?: number
  /** Largest list. */
  readonly maxBytes?: number
}

export interface JwksKeys extends KeySource {
  /** Keys in force. */
  readonly size: number
  /** Reads the list now. Throws {@link JwksError} when it cannot be used, and other errors when it cannot be had. */
  refresh(): Promise<void>
}

/** Keys from `source`. Nothing is read before the first use. Throws {@link JwksError} for an address that is not allowed. */
export function createJwksKeys(options: JwksKeysOptions): JwksKeys {
  const { source, clock, log, maxAgeMs = 300_000, coolDownMs = 10_000, timeoutMs = 5000, maxBytes = 65_536 } = options
  const load = /^[a-z][a-z0-9+.-]+:\/\//i.test(source)
    ? createFetcher(readAddress(source), timeoutMs, maxBytes)
    : () => readKeyFile(source, maxBytes)

  let keysByKid = new Map<string, VerificationKey>()
  let readAtMs = -Infinity
  let triedAtMs = -Infinity
  let running: Promise<void> | null = null

  async function readList(): Promise<void> {
    triedAtMs = clock.monotonic()
    const keys = await parseJwks(await load())
    keysByKid = new Map(keys.map((key) => [key.kid, key]))
    readAtMs = clock.monotonic()
  }

  /** One reading at a time, however many wait for it. */
  function readOnce(): Promise<void> {
    running ??= readList().finally(() => {
      running = null
    })
    return running
  }

  async function refreshIfDue(isUnknown: boolean): Promise<void> {
    const now = clock.monotonic()
    if (!isUnknown && now - readAtMs < maxAgeMs) return
    if (running === null && now - triedAtMs < coolDownMs) return
    try {
      await readOnce()
    } catch (error) {
      log.warn('jwks-unavailable', { keys: keysByKid.size, cause: error instanceof Error ? error.message : 'unknown' })
    }
  }

  return {
    get size() {
      return keysByKid.size
    },
    async refresh() {
      // What is being read may be older than the change for which somebody asks.
      await running?.catch(() => {})
      await readOnce()
    },
    async find(kid) {
      await refreshIfDue(!keysByKid.has(kid))
      return keysByKid.get(kid) ?? null
    },
  }
}

function readAddress(source: string): URL {
  let url: URL
  try {
    url = new URL(source)
  } catch {
    throw new JwksError('the address of the key set cannot be read')
  }
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (url.username !== '' || url.password !== '')
    throw new JwksError('the address of the key set must hold no password')
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback)) return url
  throw new JwksError('the key set must be fetched over https: whoever can alter it can sign tokens')
}

/** Redirects are refused: they would let the key server aim our requests at our own network. [D32] */
function createFetcher(url: URL, timeoutMs: number, maxBytes: number): () => Promise<string> {
  return async () => {
    const response = await fetch(url, {
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
      headers: { accept: 'application/jwk-set+json, application/json' },
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw new Error(`the key server answered ${response.status}`)
    }
    return decodeText(await readAtMost(response.body, maxBytes))
  }
}

async function readAtMost(body: AsyncIterable<unknown> | null, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  // Leaving the loop cancels the answer. What is counted is what was unpacked, so that a small answer cannot swell.
  for await (const chunk of body ?? []) {
    const bytes = chunk as Uint8Array
    length += bytes.length
    if (length > maxBytes) throw new JwksError(`the key set is larger than ${maxBytes} bytes`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

async function readKeyFile(path: string, maxBytes: number): Promise<string> {
  const bytes = await readFile(path)
  if (bytes.length > maxBytes) throw new JwksError(`the key set is larger than ${maxBytes} bytes`)
  return decodeText(bytes)
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new JwksError('the key set is not UTF-8 text')
  }
}
