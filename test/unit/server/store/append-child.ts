/**
 * A program that appends until it is killed, for the tests of durability. Each push and each acknowledgement is one line
 * in `JOURNAL`, written before and after; a line on standard output says that ten more were acknowledged.
 *
 * @module
 */
import { openSync, writeSync } from 'node:fs'
import { bytesToHex, hexToBytes, type Bytes } from '@y-sealed/protocol'

import { openSqliteStore } from '../../../../server/store/sqlite/store.ts'
import { Writer } from '../../../contract/append-units.ts'

const path = process.env['STORE_PATH'] as string
const document = hexToBytes(process.env['DOCUMENT'] as string) as Bytes
const sessions = Number(process.env['SESSIONS'])
const pushes = Number(process.env['PUSHES'])
const journal = openSync(process.env['JOURNAL'] as string, 'a')

const store = openSqliteStore({ path })
const [status] = await store.status([document])
if (status === undefined || status === null) throw new Error('no document')
let acknowledged = 0
await Promise.all(
  Array.from({ length: sessions }, async () => {
    const writer = new Writer(document, status.head)
    for (let i = 0; i < pushes; i++) {
      const unit = writer.unit({ size: 300 })
      const id = bytesToHex(unit.entries[0].id)
      writeSync(journal, `push ${id} 0\n`)
      const [result] = await store.append([unit])
      if (result?.status !== 'stored') throw new Error(`refused: ${result?.status}`)
      writeSync(journal, `ack ${id} ${result.seqs[0]}\n`)
      if (++acknowledged % 10 === 0) process.stdout.write('.')
    }
  }),
)
await store.close()
