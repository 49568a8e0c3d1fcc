/**
 * A device that types until it is killed: it opens the storage in the folder of its first argument, prints what its document says, and then
 * `typing word`, `typed word` and `kept word` for one word after another, which begin with its second argument, and `saved` whenever all of them
 * are: within what it does between the first two a word may leave. It stays so near to its relay that it comes to that. The other arguments: the room's key in hex, its name, the relay's URL, and where its authority lies.
 *
 * @module
 */
import { issuerTokens, loadDevice, RelayConnection, SealedProvider, sharedKeyDocument } from '@y-sealed/client'
import { nodeFetchJson, nodeWebSocket, openNodeStorage } from '@y-sealed/client/node'
import { cryptoReady, hexToBytes, type Bytes } from '@y-sealed/protocol'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import * as Y from 'yjs'

const MOST_AHEAD = 40
const [folder, life, key, room, url, caPath] = process.argv.slice(2) as [string, string, string, string, string, string]
await cryptoReady()
const storage = await openNodeStorage(folder)
const device = await loadDevice(storage.keys)
const access = sharedKeyDocument({ key: hexToBytes(key) as Bytes, room })
const ca = readFileSync(caPath, 'utf8')
const token = issuerTokens({ device, accessOf: () => access, fetch: nodeFetchJson({ ca }) })
const connection = new RelayConnection({ url, device, token, WebSocket: nodeWebSocket({ ca }) })
const { outbox, documents: store } = storage
const provider = new SealedProvider({ connection, access, doc: new Y.Doc(), outbox, store })
provider.on('problem', ({ code }) => console.log(`problem ${code}`))
provider.on('saved', () => console.log('saved'))
await provider.whenLoaded()
const text = provider.doc.getText('note')
console.log(`found ${text.toJSON()}`)
for (let n = 0; ; n++) {
  const word = `${life}.${n}`
  console.log(`typing ${word}`)
  text.insert(text.length, `${word} `)
  console.log(`typed ${word}`)
  void provider.whenKept().then(() => console.log(`kept ${word}`))
  // Bursts and rests, so that some are sealed, some merged, some drafts.
  await pause(n % 5 === 0 ? 25 : n % 3)
  if (provider.unsyncedChanges > MOST_AHEAD) await catchUp()
}

/** Whoever always types faster than a busy relay answers is never told that all is saved. Without a relay there is nobody to wait for. */
async function catchUp(): Promise<void> {
  while (provider.status === 'connected' && provider.unsyncedChanges > 0) await pause(5)
}
