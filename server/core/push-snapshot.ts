/**
 * PUSH of a publication or an attestation: its signature is checked singly, its body read; all that needs a look at the log is judged in the
 * transaction that stores it. Rules EN13, LO11, LO13, FR9.
 *
 * @module
 */
import {
  CLIENT_FRAME,
  envelopeId,
  signatureInput,
  verifySignature,
  type Envelope,
  type MemberLog,
} from '@y-sealed/protocol'

import { newEntry } from './new-entry.ts'
import { append, refuseStale } from './push-append.ts'
import type { Payment } from './rates.ts'
import { readSnapshotEntry } from './snapshot-entry.ts'
import type { Socket } from './socket.ts'
import type { Subscription } from './subscription.ts'

/** Carries it to the store, or refuses it. A promise only where the members have to be read first. */
export function pushSnapshotEntry(
  socket: Socket,
  subscription: Subscription,
  envelope: Envelope,
  payment: Payment,
): void | Promise<void> {
  const { context, signPublic } = socket
  const { hub } = subscription
  const { document, session, counter, epoch } = envelope
  const refused = { type: CLIENT_FRAME.push, document, session, counter }
  if (hub.document === null) return socket.refuse(refused, { code: 'UNKNOWN_DOCUMENT' })
  // Of an epoch that is over too: what was stored in it before is acknowledged. [LO7]
  const commitment = hub.document.commitments.get(epoch)
  if (commitment === undefined) return refuseStale(socket, subscription, refused)
  const id = envelopeId(context.sha512, commitment, envelope)
  const readEffect = readSnapshotEntry(envelope)
  if (readEffect === null || !verifySignature(envelope.signature, signatureInput(id), signPublic)) {
    return socket.refuse(refused, { code: 'BAD_ENVELOPE' })
  }
  const send = (log: MemberLog | null): void => {
    const entries = [newEntry(envelope, id)] as const
    const { device } = socket
    const unit = { document: hub.id, device, session, group: false, needs: 'writer', entries } as const
    append(socket, subscription, { ...unit, ...readEffect(log) }, payment)
  }
  if (hub.document.mode === 'shared-key') return send(null)
  // At once where the members are known as of the newest record, so that what follows in the session does not overtake it.
  const known = hub.members.loaded(hub.document.recordSeq)
  if (known !== null) return send(known)
  hub.holds++
  return hub.members
    .current(hub.document.genesisHash)
    .then(send, () => {
      payment.giveBack()
      socket.refuse(refused, { code: 'UNAVAILABLE', retryAfterMs: context.limits.retryAfterMs })
    })
    .finally(() => socket.hubs.release(hub))
}
