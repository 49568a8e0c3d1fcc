/**
 * What decoding an input costs, in time and in memory, measured so that a busy machine and the garbage collector do not blur it.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import { Session, type HeapProfiler } from 'node:inspector'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import type { Codec } from '../support/codecs.ts'

/** Least nanoseconds of one decoding among `rounds` rounds: what disturbs a measurement only ever adds. */
export function measureNanoseconds({ decode }: Codec, bytes: Bytes, rounds: number): number {
  const repeats = bytes.length > 4_096 ? 3 : 30
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const start = process.hrtime.bigint()
    for (let i = 0; i < repeats; i++) decode(bytes)
    least = Math.min(least, Number(process.hrtime.bigint() - start) / repeats)
  }
  return least
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Those objects too that are collected meanwhile. */
const EVERYTHING = {
  includeObjectsCollectedByMajorGC: true,
  includeObjectsCollectedByMinorGC: true,
} as const

function sumSizes(node: HeapProfiler.SamplingHeapProfileNode): number {
  return node.children.reduce((sum, child) => sum + sumSizes(child), node.selfSize)
}

/** Bytes that `run` allocates on the heap by V8's own count, collected or not, and in buffers outside of it. */
function countAllocated(session: Session, samplingInterval: number, run: () => void): number {
  collectGarbage()
  const buffers = process.memoryUsage().arrayBuffers
  session.post('HeapProfiler.startSampling', { ...EVERYTHING, samplingInterval })
  run()
  let heap = 0
  session.post('HeapProfiler.stopSampling', (_, parameters) => (heap = sumSizes(parameters.profile.head)))
  return heap + Math.max(0, process.memoryUsage().arrayBuffers - buffers)
}

/** Bytes that one decoding takes, garbage included. */
export function measureAllocation({ decode }: Codec, bytes: Bytes): number {
  const repeats = 3
  for (let i = 0; i < 50; i++) decode(bytes)
  const session = new Session()
  session.connect()
  session.post('HeapProfiler.enable')
  const counts = Array.from({ length: 3 }, () =>
    countAllocated(session, Math.max(64, bytes.length >> 10), () => {
      for (let i = 0; i < repeats; i++) decode(bytes)
    }),
  )
  session.disconnect()
  return Math.min(...counts) / repeats
}
