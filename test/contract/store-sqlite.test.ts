import { openSqliteStore } from '../../server/store/sqlite/store.ts'
import { storeContract } from './store-contract.ts'
import { makeStorePath } from './store-directory.ts'

storeContract('sqlite', () => Promise.resolve(openSqliteStore({ path: makeStorePath() })))

// Every document is forgotten and read again from the tables as soon as another is touched.
storeContract('sqlite with one document in memory', () =>
  Promise.resolve(openSqliteStore({ path: makeStorePath(), maxCachedDocuments: 1 })),
)
