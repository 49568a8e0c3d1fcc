/** A Node program that takes part in a note: it reads what others write and keeps a line of its own up to date. */
import { SealedDocuments, type SealedDocument } from '@y-sealed/client'
import { nodeFetchJson, nodeWebSocket, openNodeStorage } from '@y-sealed/client/node'
import { readFile } from 'node:fs/promises'

export interface AgentOptions {
  /** `wss://host[:port]`. */
  readonly relay: string
  /** An invitation to the note, made for the program alone: `note.invite({ uses: 1 })`. */
  readonly link: string
  /** Keeps its keys and what it has read: it is a member of the note like any other. */
  readonly folder: string
  /** File of the authority that signed the relay's certificate, where that is no public one. */
  readonly caFile?: string
}

export interface Agent {
  readonly note: SealedDocument
  /** What it wrote is at the relay. */
  close(): Promise<void>
}

/** Under `agent` in the note's map `meta` stands how many words its text has. */
export async function startAgent({ relay, link, folder, caFile }: AgentOptions): Promise<Agent> {
  const trust = caFile === undefined ? {} : { ca: await readFile(caFile, 'utf8') }
  const storage = await openNodeStorage(folder)
  const documents = await SealedDocuments.open({
    relay,
    name: 'Word counter',
    storage,
    WebSocket: nodeWebSocket(trust),
    fetch: nodeFetchJson(trust),
    personal: false,
  })
  const note = await documents.openDocument(link)
  // Not before: an empty document may be one that is not read yet.
  await note.provider.whenSynced()
  const text = note.doc.getText('note')
  const meta = note.doc.getMap('meta')
  const count = (): void => {
    const words = text.toJSON().split(/\s+/).filter(Boolean).length
    // What is right already is left alone: two programs that answer each other would never end.
    if (meta.get('words') !== words) meta.set('words', words)
  }
  text.observe(count)
  count()
  return {
    note,
    close: async () => {
      text.unobserve(count)
      await note.provider.flush()
      documents.close()
      await storage.close()
    },
  }
}
