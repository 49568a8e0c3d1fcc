/**
 * Vectors of exported documents: each part in one file, from its header to its end.
 *
 * @module
 */
import { concatBytes, ExportWriter, KIND, sodiumSha512, type ExportPart } from '@y-sealed/protocol'

import { counting, filled, type Cast } from './cast.ts'
import { envelopesByKind } from './frames.ts'
import { signHead } from './log.ts'
import { vector, type VectorFile } from './vector.ts'

export function exportVectors(cast: Cast): VectorFile {
  const envelopeOf = envelopesByKind(cast)
  const record = envelopeOf.get(KIND.record)!
  const transcript = filled(32, 0x99)
  const parts: readonly ExportPart[] = [
    { type: 'keys', sealed: counting(76, 3) },
    { type: 'head', head: signHead(cast, 9, transcript), headKey: cast.relay.signPublic },
    { type: 'records', records: [{ seq: 1, envelope: record }] },
    { type: 'snapshot', seq: 6, transcript: filled(32, 0x66), total: 300, offset: 0, bytes: counting(200, 1) },
    { type: 'snapshot', seq: 6, transcript: filled(32, 0x66), total: 300, offset: 200, bytes: counting(100, 9) },
    { type: 'entries', seq: 7, envelopes: [KIND.bind, KIND.update].map((kind) => envelopeOf.get(kind)!) },
    { type: 'entries', seq: 9, envelopes: [envelopeOf.get(KIND.part)!] },
    { type: 'end', seq: 9, transcript },
  ]
  const writer = new ExportWriter(sodiumSha512, cast.genesisBody)
  const written = parts.map((part) => writer.write(part))
  return {
    about:
      'One exported document, piece by piece. Its log is made up: only the bytes are right. Byte fields are hexadecimal.',
    vectors: [
      vector('header', ['EX1'], { genesis: cast.genesisBody }, { bytes: writer.header }),
      ...parts.map((part, index) =>
        vector(`${part.type} (${index})`, ['EX2', 'EX3'], { part }, { bytes: written[index]! }),
      ),
      vector('file', ['EX1'], {}, { length: concatBytes(writer.header, ...written).length }),
    ],
  }
}
