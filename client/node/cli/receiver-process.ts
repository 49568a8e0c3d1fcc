/**
 * Starts a receiver of a replay as a process of its own: this very command in another role, with a key store of its own where the mode
 * allows it. The link travels in its environment, which other users of the computer cannot see.
 *
 * @module
 */
import { SyncError } from '@y-sealed/protocol'
import { fork } from 'node:child_process'
import { join } from 'node:path'
import type { ReplayFigures } from '../replay/replay-run.ts'
import type { ReceiverMessage } from './receiver-channel.ts'
import type { ReplayCommandOptions } from './replay-command.ts'
import { parseRoomLink } from './room-link.ts'

export interface ReceiverProcess {
  /** The document is open there. */
  readonly ready: Promise<void>
  /** Rejects when it ends without a result; it has said why itself. */
  readonly failed: Promise<never>
  /** Tells it that nothing comes after `head`, and resolves with what it has found. */
  finish(head: number): Promise<ReplayFigures>
  /** Ends it, should it still run. */
  close(): void
}

export function startReceiver(trace: string, options: ReplayCommandOptions, link: string): ReceiverProcess {
  const { url, ca, keys, text, limit, timeout } = options
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('Y_SEALED_'))
  const child = fork(process.argv[1] as string, ['replay', trace, '--role', 'receiver'], {
    env: {
      ...Object.fromEntries(others),
      Y_SEALED_URL: url,
      Y_SEALED_LINK: link,
      // Only the device that made a document of members can open it yet.
      Y_SEALED_KEYS: parseRoomLink(link).mode === 'members' ? keys : join(keys, 'receiver'),
      Y_SEALED_TEXT: text,
      Y_SEALED_TIMEOUT: String(timeout),
      ...(ca === undefined ? {} : { Y_SEALED_CA: ca }),
      ...(limit === undefined ? {} : { Y_SEALED_LIMIT: String(limit) }),
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('exit', () => reject(new SyncError('RECEIVER_FAILED', 'the receiver has failed, and said why above')))
  })
  failed.catch(() => undefined)
  let setReady: () => void
  let setFigures: (figures: ReplayFigures) => void
  const ready = new Promise<void>((resolve) => (setReady = resolve))
  const figures = new Promise<ReplayFigures>((resolve) => (setFigures = resolve))
  child.on('message', (message: ReceiverMessage) => {
    if ('figures' in message) setFigures(message.figures)
    else setReady()
  })
  return {
    ready,
    failed,
    finish: async (head) => {
      child.send({ through: head })
      return await Promise.race([figures, failed])
    },
    close: () => void child.kill(),
  }
}
