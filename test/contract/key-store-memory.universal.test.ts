import { createMemoryKeyStore } from '@y-sealed/client'

import { keyStoreContract } from './key-store-contract.ts'

const open = (): Promise<ReturnType<typeof createMemoryKeyStore>> => Promise.resolve(createMemoryKeyStore())

keyStoreContract('memory', false, () => ({ open, reopen: open }))
