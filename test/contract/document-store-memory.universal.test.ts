import { createMemoryDocumentStore } from '@y-sealed/client'

import { documentStoreContract } from './document-store-contract.ts'

const open = (): Promise<ReturnType<typeof createMemoryDocumentStore>> => Promise.resolve(createMemoryDocumentStore())

documentStoreContract('memory', false, () => ({ open, reopen: open }))
