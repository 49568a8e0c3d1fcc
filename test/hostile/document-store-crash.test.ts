/**
 * A device that dies while it writes a document's log: everything that was said to be kept is there, and nothing that is half. Row I2.
 *
 * @module
 */
import { openFileDocumentStore } from '@y-sealed/client/node'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'

import { bundleProgram } from '../support/bundled-program.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'

const DOCUMENT = new Uint8Array(16).fill(1)
const ROUNDS = 10

/** Kills a writer after it has printed `appends` lines; returns the first and the last seq that it said was kept. */
async function writeAndDie(
  program: string,
  folder: string,
  appends: number,
): Promise<{ readonly found: number; readonly kept: number }> {
  const writer = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  const seqs: number[] = []
  for await (const line of createInterface({ input: writer.stdout })) {
    seqs.push(Number(line))
    if (seqs.length === appends) writer.kill('SIGKILL')
  }
  if (writer.signalCode === null && writer.exitCode === null) await once(writer, 'exit')
  expect(writer.signalCode).toBe('SIGKILL')
  return { found: seqs[0] as number, kept: seqs.at(-1) as number }
}

describe('a log in a file whose writer is killed', () => {
  it(
    `[I2] has every append that resolved and no torn entry, ${ROUNDS} times one after another`,
    { timeout: 120_000 },
    async () => {
      const program = await bundleProgram('test/support/document-writer.ts')
      const folder = join(makeTemporaryFolder(), 'documents')
      let before = 0
      for (let round = 0; round < ROUNDS; round++) {
        const { found, kept } = await writeAndDie(program, folder, 2 + ((round * 37) % 60))
        // The writer itself has opened what the one before it left.
        expect(found).toBe(before)
        const store = await openFileDocumentStore(folder)
        const { lastSeq, head } = await store.extent(DOCUMENT)
        const entries = await store.read(DOCUMENT, 1, Number.MAX_SAFE_INTEGER)
        await store.close()
        expect(lastSeq).toBeGreaterThanOrEqual(kept)
        expect(head?.seq).toBeGreaterThanOrEqual(kept)
        expect(entries).toHaveLength(lastSeq)
        const torn = entries.filter(
          ({ seq, envelope }) => envelope.length !== 200 + (seq % 5) * 3_000 || envelope.at(-1) !== seq % 251,
        )
        expect(torn).toEqual([])
        before = lastSeq
      }
    },
  )
})
