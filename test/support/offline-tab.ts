/**
 * The inside of a tab that types without a relay until it is ended: it opens the storage that it is told of and posts what its document says
 * (`found`), and then each word that is kept.
 *
 * @module
 */
import { loadDevice, openBrowserStorage, RelayConnection, SealedProvider, sharedKeyDocument } from '@y-sealed/client'
import { cryptoReady, type Bytes } from '@y-sealed/protocol'
import * as Y from 'yjs'

/** What such a tab is told. */
export interface OfflineTabRequest {
  readonly name: string
  readonly key: Bytes
  readonly room: string
  readonly life: string
  /** Default true. */
  readonly hasLocks?: boolean
}

/** What it says. */
export interface OfflineTabNews {
  readonly what: 'found' | 'typed' | 'kept'
  readonly text: string
}

const tell = (news: OfflineTabNews): void => postMessage(news)

addEventListener('message', ({ data }: MessageEvent<OfflineTabRequest>) => void live(data))

async function live({ name, key, room, life, hasLocks }: OfflineTabRequest): Promise<void> {
  if (hasLocks === false) Object.defineProperty(navigator, 'locks', { value: undefined })
  await cryptoReady()
  const { keys, outbox, documents: store, tabs } = await openBrowserStorage({ name })
  const device = await loadDevice(keys)
  const token = (): Promise<string> => Promise.reject(new Error('there is no network'))
  const connection = new RelayConnection({ url: 'wss://localhost:9/sync', device, token })
  const access = sharedKeyDocument({ key, room })
  const options = { connection, access, doc: new Y.Doc(), outbox, store, tabs, connect: false }
  const provider = new SealedProvider(options)
  await provider.whenLoaded()
  const text = provider.doc.getText('note')
  tell({ what: 'found', text: text.toJSON() })
  for (let n = 0; ; n++) {
    const word = `${life}.${n}`
    text.insert(text.length, `${word} `)
    tell({ what: 'typed', text: word })
    void provider.whenKept().then(() => tell({ what: 'kept', text: word }))
    await new Promise((resolve) => setTimeout(resolve, n % 4))
  }
}
