/**
 * What the cases of the store contract share.
 *
 * @module
 */
import { expect } from 'vitest'

import type { AppendResult, AppendUnit, Store } from '../../server/core/ports.ts'
import { createTestDocument, type TestDocument } from './append-units.ts'
import type { Bytes } from '@y-sealed/protocol'

/** More than any test stores. */
export const ALL = { entries: 100_000, bytes: 1e9 } as const

/** A fresh, empty store; the factory registers its own cleaning up. */
export type StoreFactory = () => Promise<Store>

/** The answer to one unit. */
export async function appendOne(store: Store, unit: AppendUnit): Promise<AppendResult> {
  const [result] = await store.append([unit])
  if (result === undefined) throw new Error('no result')
  return result
}

/** A fresh store with one document in it. */
export async function withDocument(
  open: StoreFactory,
  mode?: 'members' | 'shared-key',
): Promise<TestDocument & { store: Store }> {
  const store = await open()
  return { store, ...(await createTestDocument(store, mode)) }
}

/** The log ends at `seq`: what was refused has left nothing. */
export async function expectUntouched(store: Store, document: Bytes, seq: number): Promise<void> {
  const [status] = await store.status([document])
  expect(status?.head.seq).toBe(seq)
  expect(await store.read(document, seq, ALL)).toEqual([])
}
