/**
 * Random concurrent work on a store, held against a model: many sessions on few documents push, repeat, leave gaps,
 * equivocate and lose answers; afterwards the log must be what the acknowledgements said.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import { bytesToHex } from '@y-sealed/protocol'
import fc from 'fast-check'
import { expect, it } from 'vitest'

import type { AppendUnit, Store } from '../../server/core/ports.ts'
import { fuzzRuns } from '../support/fuzz-runs.ts'
import { createTestDocument, random, type TestDocument, transcriptOf, Writer } from './append-units.ts'

/** What one session does next. `wave` groups what is in flight at once. */
interface Step {
  readonly writer: number
  readonly action: 'push' | 'repeat' | 'gap' | 'equivocate' | 'see'
  readonly count: number
}

const steps = fc.array(
  fc.array(
    fc.record({
      writer: fc.nat({ max: 5 }),
      action: fc.constantFrom<Step['action']>('push', 'push', 'push', 'repeat', 'gap', 'equivocate', 'see'),
      count: fc.integer({ min: 1, max: 4 }),
    }),
    { minLength: 1, maxLength: 12 },
  ),
  { minLength: 1, maxLength: 8 },
)

interface Session {
  readonly writer: Writer
  readonly document: TestDocument
  /** Units made and not refused, in order. */
  readonly units: AppendUnit[]
}

export function storeModelContract(open: () => Promise<Store>): void {
  it('[LO7] keeps seqs contiguous, everything acknowledged, nothing twice, and a transcript that recomputes', async () => {
    const store = await open()
    const check = fc.assert(
      fc.asyncProperty(steps, async (waves) => {
        const documents = [await createTestDocument(store, 'shared-key'), await createTestDocument(store, 'shared-key')]
        const sessions = Array.from({ length: 6 }, (_, i): Session => {
          const document = documents[i % 2] as TestDocument
          return { document, writer: new Writer(document.id, document.creator.seen), units: [] }
        })
        const acknowledged = new Map<string, number>()
        for (const wave of waves) {
          await Promise.all(wave.map((step) => takeStep(store, sessions[step.writer] as Session, step, acknowledged)))
        }
        for (const document of documents) await checkLog(store, document, acknowledged)
      }),
      { numRuns: fuzzRuns(40) },
    )
    await expect(check).resolves.toBeUndefined()
  })
}

async function takeStep(store: Store, session: Session, step: Step, acknowledged: Map<string, number>): Promise<void> {
  const { writer, document, units } = session
  switch (step.action) {
    case 'push': {
      const unit = writer.unit({ count: step.count, size: 100 })
      units.push(unit)
      await pushAndNote(store, unit, document, acknowledged)
      return
    }
    case 'repeat': {
      const unit = units[Math.floor(units.length / step.count)]
      if (unit !== undefined) await pushAndNote(store, unit, document, acknowledged)
      return
    }
    case 'gap': {
      const { counter, lastId } = writer
      const unit = writer.unit({ entry: { counter: counter + 7 } })
      writer.counter = counter
      writer.lastId = lastId
      const [result] = await store.append([unit])
      demand(result?.status === 'counter-gap', 'a gap was not refused')
      return
    }
    case 'equivocate': {
      const unit = units[0]
      if (unit === undefined) return
      const entries = [{ ...unit.entries[0], id: random(32) }] as const
      const [result] = await store.append([{ ...unit, entries }])
      demand(result?.status === 'equivocation', 'an equivocation was not refused')
      return
    }
    case 'see': {
      const [status] = await store.status([document.id])
      if (status !== undefined && status !== null) writer.seen = status.head
    }
  }
}

/** Pushes a unit that must be stored, now or before, and holds its seqs against those acknowledged before. */
async function pushAndNote(
  store: Store,
  unit: AppendUnit,
  document: TestDocument,
  acknowledged: Map<string, number>,
): Promise<void> {
  const [result] = await store.append([unit])
  if (result?.status !== 'stored') throw new Error(`refused: ${JSON.stringify(result)}`)
  for (const [i, entry] of unit.entries.entries()) {
    const key = bytesToHex(document.id) + bytesToHex(entry.id)
    const seq = result.seqs[i] as number
    demand((acknowledged.get(key) ?? seq) === seq, 'one entry was acknowledged at two places')
    acknowledged.set(key, seq)
  }
}

async function checkLog(store: Store, document: TestDocument, acknowledged: Map<string, number>): Promise<void> {
  const { id, creation } = document
  const [status] = await store.status([id])
  const marks = await store.readMarks(id, 0, 1e6)
  const ids: readonly Bytes[] = marks.map((mark) => mark.subarray(0, 32))
  const entries = await store.read(id, 0, { entries: 1e6, bytes: 1e9 })
  expect(entries.map(({ seq }) => seq)).toEqual(ids.map((_, i) => i + 1))
  expect(new Set(ids.map(bytesToHex)).size).toBe(ids.length)
  expect(status?.head).toEqual({ seq: ids.length, transcript: transcriptOf(creation.genesisHash, marks) })
  expect(status?.logBytes).toBe(entries.reduce((sum, { envelope }) => sum + envelope.length, 0))
  const mine = [...acknowledged].filter(([key]) => key.startsWith(bytesToHex(id)))
  expect(mine.length).toBe(ids.length - 1)
  for (const [key, seq] of mine) expect(bytesToHex(ids[seq - 1] as Bytes)).toBe(key.slice(32))
}

function demand(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise)
}
