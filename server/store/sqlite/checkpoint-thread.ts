/**
 * Checkpoints in a thread with a connection of its own: what was committed is carried over from the journal into the database file, and
 * synced there, while the relay goes on. Started when it is first asked for.
 *
 * @module
 */
import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'

/** `passive` waits for nobody; `truncate` also empties the journal, and no other connection may write meanwhile. */
export type CheckpointMode = 'passive' | 'truncate'

/** Frames in the journal, and whether a new one can begin now, all that it holds being in the file; or the code of what went wrong. */
export type CheckpointResult = { readonly frames: number; readonly isWhole: boolean } | { readonly code: string }

export interface CheckpointThread {
  /** One at a time. Never rejects. */
  run(mode: CheckpointMode): Promise<CheckpointResult>
  /** Resolves when its connection is closed. */
  close(): Promise<void>
}

/**
 * The program of the thread: plain JavaScript, because no loader for TypeScript follows it there. `SELECT` opens the journal, which a
 * checkpoint needs. To empty the journal it waits so long for those who read it.
 */
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads')
const Database = require(workerData.driver)
const db = new Database(workerData.path, { fileMustExist: true, timeout: 200 })
for (const pragma of ['trusted_schema = OFF', 'synchronous = NORMAL', 'checkpoint_fullfsync = ON', 'wal_autocheckpoint = 0', 'cache_size = -64'])
  db.pragma(pragma)
parentPort.on('message', (mode) => {
  if (mode === 'close') {
    db.close()
    parentPort.close()
    return
  }
  try {
    db.prepare('SELECT count(*) FROM sqlite_schema').get()
    const [{ busy, log, checkpointed }] = db.pragma('wal_checkpoint(' + mode + ')')
    parentPort.postMessage({ frames: log, isWhole: busy === 0 && checkpointed === log })
  } catch (error) {
    parentPort.postMessage({ code: String(error.code) })
  }
})
`

export function createCheckpointThread(path: string): CheckpointThread {
  let worker: Worker | null = null
  let ended: Promise<void> | null = null
  let settle: ((result: CheckpointResult) => void) | null = null

  function start(): Worker {
    const driver = createRequire(import.meta.url).resolve('better-sqlite3')
    const started = new Worker(PROGRAM, { eval: true, execArgv: [], workerData: { driver, path } })
    const end = (code: string): void => {
      if (worker !== started) return
      worker = null
      settle?.({ code })
    }
    started.on('message', (result: CheckpointResult) => settle?.(result))
    started.on('error', (error: Error & { code?: unknown }) => end(String(error.code)))
    ended = new Promise((resolve) => {
      started.on('exit', () => {
        end('THREAD_ENDED')
        resolve()
      })
    })
    worker = started
    return started
  }

  return {
    async run(mode) {
      let running: Worker
      try {
        running = worker ?? start()
      } catch (error) {
        return { code: String((error as { readonly code?: unknown }).code) }
      }
      return new Promise((resolve) => {
        running.ref()
        settle = (result) => {
          settle = null
          running.unref()
          resolve(result)
        }
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, which has no origin
        running.postMessage(mode)
      })
    },
    async close() {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, which has no origin
      worker?.postMessage('close')
      worker?.ref()
      await ended
    },
  }
}
