/**
 * Starts {@link file://./disk-reader.ts} and asks it.
 *
 * @module
 */
import { bytesToHex, type Bytes } from '@y-sealed/protocol'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import type { DiskAnswer, DiskQuestion } from './disk-reader.ts'

export interface Disk {
  /** One question at a time. */
  ask(question: DiskQuestion): Promise<DiskAnswer>
  close(): void
}

export function openDisk(data: string, documentId: Bytes): Disk {
  const reader = fork(fileURLToPath(new URL('disk-reader.ts', import.meta.url)), [data, bytesToHex(documentId)])
  const failed = new Promise<never>((_, reject) => {
    reader.once('exit', () => reject(new Error('the reader of the relay’s disk has ended, and said why above')))
  })
  failed.catch(() => undefined)
  return {
    async ask(question) {
      const answered = once(reader, 'message') as Promise<[DiskAnswer]>
      reader.send(question)
      const [answer] = await Promise.race([answered, failed])
      return answer
    },
    close() {
      if (reader.connected) reader.disconnect()
    },
  }
}
