/**
 * How long `vi.waitFor` and `vi.waitUntil` wait for a fact where a test names no time. Vitest's own second is less than a busy machine may
 * take to let another process go on. It stays below the protocol's second chances (a heartbeat after 15 s, presence that ends after 30 s),
 * so that what comes only by one of them still fails. A test that demands that something come soon says how soon.
 *
 * @module
 */
import { vi } from 'vitest'

const PATIENCE_MS = 10_000

const { waitFor, waitUntil } = vi

vi.waitFor = (callback, options = {}) =>
  waitFor(callback, typeof options === 'number' ? options : { timeout: PATIENCE_MS, ...options })

vi.waitUntil = (callback, options = {}) =>
  waitUntil(callback, typeof options === 'number' ? options : { timeout: PATIENCE_MS, ...options })
