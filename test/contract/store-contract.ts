/**
 * What every store promises, as tests that run on each of them: the judgement of an append ([LO7], [LO8]), what is read
 * back, and deletion. A store that many relays share runs the same cases.
 *
 * @module
 */
import { describe, onTestFinished } from 'vitest'

import type { Store } from '../../server/core/ports.ts'
import { appendContract } from './store-append-cases.ts'
import type { StoreFactory } from './store-case.ts'
import { storeModelContract } from './store-model.ts'
import { readContract, removeContract } from './store-read-cases.ts'
import { lostContract } from './store-lost-cases.ts'
import { snapshotContract, stagingContract } from './store-snapshot-cases.ts'
import { trimContract } from './store-trim-cases.ts'
import { ageContract, recordContract } from './store-record-cases.ts'

/** Registers the whole contract for one kind of store. */
export function storeContract(name: string, openStore: StoreFactory): void {
  const open = async (): Promise<Store> => {
    const store = await openStore()
    onTestFinished(() => store.close())
    return store
  }
  describe(`${name}: append`, () => {
    appendContract(open)
  })
  describe(`${name}: records`, () => {
    recordContract(open)
  })
  describe(`${name}: age of sessions`, () => {
    ageContract(open)
  })
  describe(`${name}: what was lost`, () => {
    lostContract(open)
  })
  describe(`${name}: read`, () => {
    readContract(open)
  })
  describe(`${name}: pieces of snapshots`, () => {
    stagingContract(open)
  })
  describe(`${name}: snapshots`, () => {
    snapshotContract(open)
  })
  describe(`${name}: trimming`, () => {
    trimContract(open)
  })
  describe(`${name}: remove`, () => {
    removeContract(open)
  })
  describe(`${name}: random operations`, () => {
    storeModelContract(open)
  })
}
