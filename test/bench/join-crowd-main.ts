/**
 * The process of a {@link JoinCrowd}: enters by its first message, reads by its second, answers each when it is done, and ends with the channel.
 *
 * @module
 */
import { once } from 'node:events'
import { createSecureContext } from 'node:tls'

import { cryptoReady } from '@y-sealed/protocol'

import type { CrowdTask } from './join-crowd.ts'
import { PageReader } from './page-reader.ts'

process.on('disconnect', () => process.exit(0))

const [task] = (await once(process, 'message')) as [CrowdTask]
await cryptoReady()
const secureContext = createSecureContext({ ca: task.ca })
const readers = await Promise.all(task.admissions.map((admission) => PageReader.open(admission, secureContext)))
const asked = once(process, 'message')
process.send?.('entered')
await asked
await Promise.all(
  readers.map((reader, index) =>
    reader.readSnapshot(
      (task.admissions[index] as CrowdTask['admissions'][number]).document,
      task.snapshotId,
      task.bytes,
    ),
  ),
)
process.send?.('read')
