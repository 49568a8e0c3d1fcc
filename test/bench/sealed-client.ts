/**
 * The client library on the relay, with its traffic counted: what a person's device does, and no more.
 *
 * @module
 */
import {
  RelayConnection,
  SealedProvider,
  sharedKeyDocument,
  type DocumentAccess,
  type SealedProviderOptions,
} from '@y-sealed/client'
import { nodeWebSocket } from '@y-sealed/client/node'
import { base64urlToBytes, toBytes, type Bytes } from '@y-sealed/protocol'
import { createDeviceSeeds, Device } from '@y-sealed/protocol/sealing'
import { randomBytes } from 'node:crypto'
import * as Y from 'yjs'

import { meterSockets, Traffic } from '../../client/node/replay/traffic.ts'
import { makeBenchToken } from './systems/relay.ts'
import type { Workplace } from './workplace.ts'

/** Creates fresh rooms; each call of the result is one device's view of it. */
export function createRoomAccess(): () => DocumentAccess {
  const key = toBytes(randomBytes(32))
  return () => sharedKeyDocument({ key, room: 'notes' })
}

export interface SealedClient {
  readonly doc: Y.Doc
  readonly text: Y.Text
  readonly provider: SealedProvider
  readonly traffic: Traffic
  close(): void
}

/** Opens a document at the relay on this port, with a device of its own where none is given. */
export function openSealedClient(
  workplace: Workplace,
  port: number,
  access: DocumentAccess,
  device: Device = new Device(createDeviceSeeds()),
  options: Partial<SealedProviderOptions> = {},
): SealedClient {
  const traffic = new Traffic()
  const connection = new RelayConnection({
    url: `wss://127.0.0.1:${port}/sync`,
    device,
    token: async ({ documentId, deviceId, audience }) =>
      makeBenchToken(workplace, readId(documentId), readId(deviceId), audience),
    WebSocket: meterSockets(nodeWebSocket({ ca: workplace.ca }), traffic),
  })
  const doc = new Y.Doc()
  const provider = new SealedProvider({ ...options, connection, access, doc })
  return {
    doc,
    text: doc.getText('note'),
    provider,
    traffic,
    close() {
      provider.destroy()
      connection.destroy()
    },
  }
}

function readId(text: string): Bytes {
  const bytes = base64urlToBytes(text)
  if (bytes === null) throw new Error('an id is base64url')
  return bytes
}
