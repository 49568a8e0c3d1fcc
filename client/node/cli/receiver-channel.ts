/**
 * What a replay and the receiver that it has started tell each other, over the channel that Node gives to child processes.
 *
 * @module
 */
import type { ReplayFigures } from '../replay/replay-run.ts'

/** From the receiver. */
export type ReceiverMessage = { readonly ready: true } | { readonly figures: ReplayFigures }

/** To the receiver: nothing comes after this seq. */
export interface SenderMessage {
  readonly through: number
}

/** True in a receiver that a replay has started. */
export function hasParent(): boolean {
  return process.send !== undefined
}

/** Does nothing without a parent. */
export function tellParent(message: ReceiverMessage): void {
  process.send?.(message)
}

/** The last seq, once the parent says it; `null` without a parent. A parent that is gone ends this process. */
export function whenParentSays(): Promise<number> | null {
  if (!hasParent()) return null
  process.once('disconnect', () => process.exit(1))
  return new Promise((resolve) => process.once('message', ({ through }: SenderMessage) => resolve(through)))
}

/** Lets a finished receiver end: an open channel would keep it. */
export function leaveParent(): void {
  process.removeAllListeners('disconnect')
  if (process.connected) process.disconnect()
}
