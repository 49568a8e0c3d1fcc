import { createMemoryStore } from '../../server/store/memory.ts'
import { storeContract } from './store-contract.ts'

storeContract('memory', () => Promise.resolve(createMemoryStore()))
