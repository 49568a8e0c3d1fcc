/**
 * A token judged for one socket and one document, on OPEN and on REFRESH. Rules AU2, AU6, AU7.
 *
 * @module
 */
import { CLIENT_FRAME, encodeRelayFrame, packPermissions, type Bytes, type RefreshFrame } from '@y-sealed/protocol'

import { isSameId } from './open-documents.ts'
import type { Grant } from './ports.ts'
import type { Socket } from './socket.ts'

/** The grant of a token that is good for this document on this socket, else `null`: why is for the log alone. */
export async function judgeToken(socket: Socket, token: string, document: Bytes): Promise<Grant | null> {
  const { auth, log, labelOf } = socket.context
  const verdict = await auth.verify(token)
  const reason = verdict.ok ? findMisfit(verdict.grant, document, socket.device) : verdict.reason
  if (verdict.ok && reason === null) return verdict.grant
  log.info('token-refused', { connection: socket.id, document: labelOf(document), reason: reason ?? '' })
  return null
}

function findMisfit(grant: Grant, document: Bytes, device: Bytes): string | null {
  if (!isSameId(grant.document, document)) return 'other-document'
  return grant.device === null || isSameId(grant.device, device) ? null : 'other-device'
}

/** Replaces a grant, or refuses to and leaves the old one. [AU7] */
export async function handleRefresh(socket: Socket, { document, token }: RefreshFrame): Promise<void> {
  const id = document.slice()
  const refused = { type: CLIENT_FRAME.refresh, document: id }
  const subscription = socket.documents.findLive(id)
  if (subscription === null) return socket.refuse(refused, { code: 'NOT_OPEN' })
  const grant = await judgeToken(socket, token, id)
  if (!socket.isOpen) return
  if (subscription.state !== 'live') return socket.refuse(refused, { code: 'NOT_OPEN' }, 0)
  const old = subscription.grant
  if (grant === null || grant.subject !== old.subject || grant.issuedAtMs < old.issuedAtMs) {
    return socket.refuse(refused, { code: 'TOKEN_REFUSED' })
  }
  subscription.renew(grant)
  socket.forgive()
  const permissions = packPermissions(grant.permissions)
  const { role } = subscription
  socket.send(encodeRelayFrame({ type: 'refreshed', document: id, role, permissions, expiresAtMs: grant.expiresAtMs }))
}
