/**
 * Revocations on their way from a command to a running relay: a file to which lines are added and whose end the relay reads. No port
 * and no password; who may write there owns the relay's data. Rows D24, I8.
 *
 * @module
 */
import { closeSync, fstatSync, openSync, readSync, renameSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'

import type { Clock, Log } from '../core/ports.ts'
import { makeSecretFolder } from './secret-file.ts'
import { SettingsError } from './settings-error.ts'

/** Whose tokens are taken back: one by its `jti`, or all issued so far to a subject or a device (id in base64url). */
export type Revocation = { readonly kind: 'jti' | 'sub' | 'device'; readonly name: string; readonly atMs: number }

export interface RevocationFile {
  close(): void
}

/** `jti` and `sub` as tokens have them. [AU3] */
const NAME = /^[\x20-\x7e]{1,256}$/
const DEVICE = /^[\w-]{22}$/
/** Most that is read at once. */
const CHUNK_BYTES = 65_536
const LOOK_MS = 250

/** Where a data folder keeps them. */
export function revocationPathOf(dataFolder: string): string {
  return join(dataFolder, 'revocations.jsonl')
}

/** True for what can be revoked: anything else is a typing error, and would never match a token. */
export function isRevocable(kind: Revocation['kind'], name: string): boolean {
  return kind === 'device' ? DEVICE.test(name) : NAME.test(name)
}

/** Adds a line, on disk when it returns. Throws {@link SettingsError} when the file may be written by others. */
export function appendRevocation(path: string, { kind, name, atMs }: Revocation): void {
  const line = `${JSON.stringify({ at: new Date(atMs).toISOString(), [kind]: name })}\n`
  for (;;) {
    const file = openSync(path, 'as', 0o600)
    try {
      refuseExposed(path, fstatSync(file).mode)
      writeSync(file, line)
      // A relay that starts puts a file aside that has grown old: a line must not go with it.
      if (fstatSync(file).ino === inodeOf(path)) return
    } finally {
      closeSync(file)
    }
  }
}

/**
 * Reads what stands there and then, four times a second, what is added. `take` gets each revocation once; those older than `memoryMs`
 * are of no use any more and passed over, and a file with no others is put aside.
 */
export function followRevocations(options: {
  readonly path: string
  readonly folder: string
  readonly clock: Clock
  readonly log: Log
  readonly memoryMs: number
  readonly take: (revocations: readonly Revocation[]) => void
}): RevocationFile {
  const { path, folder, clock, log, memoryMs, take } = options
  let inode = 0
  let offset = 0
  let rest = ''
  let isClosed = false
  makeSecretFolder(folder)
  if (isOutdated(path, clock.now() - memoryMs)) renameSync(path, `${path}.old`)
  read()
  let cancel = clock.after(LOOK_MS, look)

  function look(): void {
    if (isClosed) return
    try {
      read()
    } catch (error) {
      log.error('revocations-unreadable', { cause: error instanceof Error ? error.message : 'unknown' })
    }
    cancel = clock.after(LOOK_MS, look)
  }

  function read(): void {
    const found = inodeOf(path)
    if (found === null) return
    if (found === inode && statSync(path).size === offset) return
    const file = openSync(path, 'r')
    try {
      const { ino, size, mode } = fstatSync(file)
      refuseExposed(path, mode)
      if (ino !== inode || size < offset) [inode, offset, rest] = [ino, 0, '']
      for (const chunk of readChunks(file, offset)) {
        offset += chunk.length
        takeText(chunk.toString('latin1'))
      }
    } finally {
      closeSync(file)
    }
  }

  function takeText(text: string): void {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    const revocations: Revocation[] = []
    for (const line of lines) {
      const revocation = parseLine(line, clock.now())
      if (revocation === null) log.error('revocation-malformed', { meaning: 'this line of the file has no effect' })
      else if (clock.now() - revocation.atMs <= memoryMs) revocations.push(revocation)
    }
    if (revocations.length > 0) take(revocations)
  }

  return {
    close() {
      isClosed = true
      cancel()
    },
  }
}

function* readChunks(file: number, from: number): Generator<Buffer> {
  for (let at = from; ;) {
    const buffer = Buffer.alloc(CHUNK_BYTES)
    const length = readSync(file, buffer, 0, CHUNK_BYTES, at)
    if (length === 0) return
    at += length
    yield buffer.subarray(0, length)
  }
}

/** A time that is still to come counts as now: it must not refuse tokens that nobody has asked for yet. */
function parseLine(line: string, nowMs: number): Revocation | null {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null) return null
  const { at, ...named } = value as Readonly<Record<string, unknown>>
  const [[kind, name] = [], ...others] = Object.entries(named)
  if (kind !== 'jti' && kind !== 'sub' && kind !== 'device') return null
  const atMs = typeof at === 'string' ? Date.parse(at) : Number.NaN
  if (others.length > 0 || typeof name !== 'string' || !isRevocable(kind, name) || Number.isNaN(atMs)) return null
  return { kind, name, atMs: Math.min(atMs, nowMs) }
}

function isOutdated(path: string, beforeMs: number): boolean {
  try {
    const { size, mtimeMs } = statSync(path)
    return size > 0 && mtimeMs < beforeMs
  } catch {
    return false
  }
}

function refuseExposed(path: string, mode: number): void {
  if ((mode & 0o022) === 0) return
  throw new SettingsError(
    `the file ${path} may be written by other users (mode ${(mode & 0o777).toString(8)}), who could shut people out: run "chmod 600 ${path}"`,
  )
}

function inodeOf(path: string): number | null {
  try {
    return statSync(path).ino
  } catch {
    return null
  }
}
