/**
 * The whole log of a document as the relay has it on disk, read by a member's device without a client's cleverness.
 *
 * @module
 */
import type { Membership } from '@y-sealed/client'
import { bytesToBase64url, type Envelope } from '@y-sealed/protocol'

import type { RelayAddress } from '../peer.ts'
import { RawClient } from '../raw-client.ts'
import { tokensOf } from '../stage.ts'

export interface StoredEntry {
  readonly seq: number
  readonly envelope: Envelope
}

/** A socket of a member's device at which nothing is open yet. */
export async function connectAs(relay: RelayAddress, membership: Membership): Promise<RawClient> {
  const { device, documentId } = membership
  const audience = relay.url
  const request = { documentId: bytesToBase64url(documentId), deviceId: bytesToBase64url(device.id), audience }
  const token = await tokensOf(relay, device, membership)(request)
  const client = new RawClient({ url: audience, ca: relay.ca, token, device, audience })
  await client.hello()
  return client
}

/** Every entry, in order. */
export async function readLog(relay: RelayAddress, membership: Membership): Promise<readonly StoredEntry[]> {
  const client = await connectAs(relay, membership)
  const { documentId: document } = membership
  client.open(document)
  const { through } = await client.nextOf('opened')
  const entries: StoredEntry[] = []
  const last = (): number => entries.at(-1)?.seq ?? 0
  const take = async (): Promise<void> => {
    const { seq, envelopes } = await client.nextOf('entries')
    for (const [index, envelope] of envelopes.entries()) {
      if (seq + index === last() + 1) entries.push({ seq: seq + index, envelope })
    }
  }
  while (last() < through) await take()
  for (;;) {
    client.send({ type: 'read', document, after: last(), maxBytes: 262_144 })
    for (;;) {
      const frame = await client.next()
      if (frame.type === 'entries') {
        for (const [index, envelope] of frame.envelopes.entries()) {
          if (frame.seq + index === last() + 1) entries.push({ seq: frame.seq + index, envelope })
        }
      } else if (frame.type === 'read-done') {
        if (frame.through >= frame.headSeq) {
          client.terminate()
          return entries
        }
        break
      }
    }
  }
}
