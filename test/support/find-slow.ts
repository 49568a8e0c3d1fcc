/**
 * Slow inputs among those on standard input (`[[decoder, hexadecimal], …]`), one a line. `fuzz.ts` asks it in a process of its own:
 * where coverage has been counted, the counting is what takes time.
 *
 * @module
 */
import { cryptoReady, hexToBytes } from '@y-sealed/protocol'
import { readFileSync } from 'node:fs'

import { findSlow } from '../fuzz/slow.ts'
import { createCast } from '../vectors/cast.ts'
import { listCodecs } from './codecs.ts'

await cryptoReady()
const codecs = listCodecs(createCast())
const pairs = JSON.parse(readFileSync(0, 'utf8')) as readonly (readonly [name: string, hex: string])[]
const inputs = pairs.map(([name, hex]) => ({
  codec: codecs.find((codec) => codec.name === name)!,
  bytes: hexToBytes(hex)!,
}))
for (const slow of findSlow(inputs)) console.log(slow)
