/**
 * Watches the COMMITs of another process by the file in which it marks them, and stops it within one.
 *
 * @module
 */
import { readFileSync } from 'node:fs'

/** A process that stands still, and what was on its disk before the COMMIT in which it does. */
export interface FrozenProcess {
  readonly isCommitting: boolean
  /** Frames of the journal. */
  readonly frames: number
  /** When the database itself was last written, in Unix ms. */
  readonly databaseWrittenMs: number
}

/** Waits until a COMMIT is under way, at most so long. Nothing else of this process runs meanwhile: what the other works on stands in its sockets. */
export function awaitCommit(marker: string, patienceMs: number): void {
  for (const end = Date.now() + patienceMs; Date.now() < end && !readMarker(marker).isCommitting;);
}

/** Stops it as soon as it is seen within a COMMIT, or after `patienceMs`; it stands still until SIGCONT. */
export function freezeInCommit(pid: number, marker: string, patienceMs: number): FrozenProcess {
  awaitCommit(marker, patienceMs)
  process.kill(pid, 'SIGSTOP')
  while (!/\) T /.test(readFileSync(`/proc/${pid}/stat`, 'latin1')));
  return readMarker(marker)
}

export function readMarker(marker: string): FrozenProcess {
  const text = readFileSync(marker, 'latin1')
  const [, sign, frames, writtenMs] = /^([01])\s*(\d+) ([\d.]+)\n/.exec(text) ?? []
  return { isCommitting: sign === '1', frames: Number(frames), databaseWrittenMs: Number(writtenMs) }
}
