/** The newest signed head, kept by tabs that share one KeyStore. */
import { createMemoryKeyStore } from '@y-sealed/client'
import { cryptoReady, type SignedHead } from '@y-sealed/protocol'
import { randomBytes } from '@y-sealed/protocol/sealing'
import { expect, it } from 'vitest'

import { HeadMemory } from '../../../client/log/head-memory.ts'

await cryptoReady()

it('[LO6] [T5] a tab that is shown less does not write over the newest head that this device has seen', async () => {
  const keys = createMemoryKeyStore()
  const document = randomBytes(16)
  const head = (seq: number): SignedHead => ({ seq, transcript: randomBytes(32), signature: randomBytes(64) })
  const [one, two] = [new HeadMemory(keys, document), new HeadMemory(keys, document)]
  await one.recall()
  await two.recall()
  await one.keep(head(100))
  await two.keep(head(6))
  expect((await new HeadMemory(keys, document).recall())?.seq).toBe(100)
  await two.keep(head(101))
  expect((await new HeadMemory(keys, document).recall())?.seq).toBe(101)
})
