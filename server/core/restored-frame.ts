/**
 * RESTORED: how far the log has come, and what it lacks. Rule FR16.
 *
 * @module
 */
import { encodeRelayFrame, zeroHead, type Bytes, type SignedHead } from '@y-sealed/protocol'

import type { Context } from './context.ts'
import type { Head } from './ports.ts'
import { signHead } from './signed-head.ts'
import type { Subscription } from './subscription.ts'

/** RESTORED as of now. */
export async function restoredFrame(context: Context, { hub, plan }: Subscription): Promise<Bytes> {
  const status = await hub.readStatus()
  const shown = plan?.shown ?? null
  const lost = status !== null ? status.lost : shown && (await context.store.noteSigned(hub.id, shown))
  const sign = (head: Head | null): SignedHead => (head === null ? zeroHead() : signHead(context.headKey, hub.id, head))
  return encodeRelayFrame({ type: 'restored', document: hub.id, head: sign(status?.head ?? null), lost: sign(lost) })
}

/** Tells everybody that nothing is lacking any more. Never rejects. */
export async function tellWhole(context: Context, subscription: Subscription): Promise<void> {
  try {
    subscription.hub.subscribers.tell(await restoredFrame(context, subscription))
  } catch {
    context.metrics.count('restores_failed')
  }
}
