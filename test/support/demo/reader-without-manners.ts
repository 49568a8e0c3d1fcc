/**
 * Somebody who was let in to read, and writes: a program of their own with the note's key, on a connection that the relay has let in.
 *
 * @module
 */
import { encodeClientFrame, type Envelope, type NackFrame } from '@y-sealed/protocol'
import { createMemoryKeyStore, loadDevice, SealedDocuments, type Membership } from '@y-sealed/client'
import type { EpochKey } from '@y-sealed/protocol/sealing'
import { onTestFinished } from 'vitest'

import { createLiar } from '../lying-socket.ts'
import { Vandal } from '../members/hostile-scene.ts'
import { documentsOptions } from '../person.ts'
import type { RelayAddress } from '../peer.ts'

export interface Forgery {
  /** As they left. */
  readonly envelopes: readonly [Envelope, Envelope]
  /** What the relay said of them. */
  readonly refusals: readonly NackFrame[]
  readonly membership: Membership
}

/** Joins by a link, and pushes an edit that says `text`. Resolves once the relay has answered. */
export async function forgeEdit(relay: RelayAddress, link: string, text: string): Promise<Forgery> {
  const keys = createMemoryKeyStore()
  const options = await documentsOptions({ relay, name: 'Mallory', keys })
  const line = createLiar(options.WebSocket)
  const documents = await SealedDocuments.open({ ...options, WebSocket: line.WebSocket })
  onTestFinished(() => documents.close())
  const note = await documents.openDocument(link)
  await note.provider.whenSynced()
  const { membership } = note.provider
  if (membership === null) throw new Error('nobody is a member of that')
  const { provider } = note
  const vandal = new Vandal({ membership }, await loadDevice(keys), membership.epochKey as EpochKey)
  const envelopes = [vandal.bind(provider.head), vandal.type(text, provider.head)] as const
  const refusals = await new Promise<readonly NackFrame[]>((resolve) => {
    line.lie = {
      toRelay: (_frame, message) => {
        line.lie = {
          toClient: (frame) => {
            if (frame?.type === 'nack') resolve([frame])
            return undefined
          },
        }
        return [message, encodeClientFrame({ type: 'push', envelopes })]
      },
    }
    // The next thing that the app says takes it along.
    provider.awareness.setLocalState({ user: { name: 'Mallory' } })
  })
  return { envelopes, refusals, membership }
}
