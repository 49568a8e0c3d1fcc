/**
 * `npm run vectors [-- --accept]`: writes the vectors of test/vectors. What is recorded is changed only with `--accept`,
 * which belongs into one commit with SPEC.md, version.ts and the CHANGELOG.
 *
 * @module
 */
import { cryptoReady, PROTOCOL_VERSION } from '@y-sealed/protocol'

import { buildVectors } from './all.ts'
import { createCast } from './cast.ts'
import { fingerprintOf } from './fingerprint.ts'
import { findChanges, readFingerprints, readVectors, writeFingerprints, writeVectors } from './store.ts'

await cryptoReady()
const files = buildVectors(createCast())
const fingerprint = fingerprintOf(files)
const recorded = readFingerprints()[PROTOCOL_VERSION]
const changes = [...files].flatMap(([name, file]) => {
  const old = readVectors(name)
  return old === null ? [] : findChanges(old, file).map((vector) => `${name}.json: ${vector}`)
})
if (recorded !== undefined && recorded !== fingerprint) {
  changes.push(`fingerprint of version ${PROTOCOL_VERSION}: vectors, or a table of labels, numbers or limits`)
}
if (changes.length > 0 && !process.argv.includes('--accept')) {
  for (const change of changes) console.error(`changed: ${change}`)
  console.error(
    'nothing written; if the wire was meant to change, say so with --accept (see test/unit/vectors.test.ts)',
  )
  process.exitCode = 1
} else {
  for (const [name, file] of files) writeVectors(name, file)
  writeFingerprints({ ...readFingerprints(), [PROTOCOL_VERSION]: fingerprint })
  const count = [...files.values()].reduce((sum, file) => sum + file.vectors.length, 0)
  console.log(`${count} vectors in ${files.size} files, fingerprint ${fingerprint.slice(0, 16)}`)
}
