import { createMemoryOutbox } from '@y-sealed/client'

import { outboxContract } from './outbox-contract.ts'

const open = (): Promise<ReturnType<typeof createMemoryOutbox>> => Promise.resolve(createMemoryOutbox())

outboxContract('memory', false, () => ({ open, reopen: open }))
