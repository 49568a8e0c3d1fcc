/**
 * A plain Yjs client of somebody else's server, with what it receives counted: opens a document and says when all of it is there. Plaintext.
 *
 * @module
 */
import * as Y from 'yjs'

import { sleep } from '../figures.ts'
import { openYjsWire, SYNC, type Dialect } from './yjs-wire.ts'

const PATIENCE_MS = 60_000

export interface YjsClient {
  readonly doc: Y.Doc
  readonly text: Y.Text
  bytesReceived(): number
  /** Resolves when the text is that; a server may say that all is there before it has read its own store. */
  whenText(content: string): Promise<void>
  /** Resolves when the server has taken in what was typed: it answers one more question then. */
  settle(): Promise<void>
  close(): void
}

/** Resolves once the server's whole content is in the Doc. */
export async function openYjsClient(port: number, room: string, dialect: Dialect): Promise<YjsClient> {
  const doc = new Y.Doc()
  let answered: () => void = () => undefined
  const { socket, sync } = await openYjsWire({
    port,
    room,
    dialect,
    onSync(step, content) {
      if (step === SYNC.step1) return
      Y.applyUpdate(doc, content, 'server')
      if (step === SYNC.step2) answered()
    },
  })
  const ask = async (): Promise<void> => {
    const answer = new Promise<void>((resolve) => (answered = resolve))
    sync(SYNC.step1, Y.encodeStateVector(doc))
    await answer
  }
  await ask()
  doc.on('update', (update: Uint8Array, origin: unknown) => {
    if (origin !== 'server') sync(SYNC.update, update)
  })
  return {
    doc,
    text: doc.getText('note'),
    bytesReceived: () => socket.bytesReceived,
    whenText: async (content) => {
      const text = doc.getText('note')
      const deadline = performance.now() + PATIENCE_MS
      while (text.length !== content.length || text.toJSON() !== content) {
        if (performance.now() > deadline) throw new Error('the text that was opened is another')
        await sleep(1)
      }
    },
    settle: async () => {
      await ask()
      await sleep(0)
    },
    close: () => socket.close(),
  }
}
