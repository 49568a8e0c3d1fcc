/**
 * Vectors of the content digest: a Yjs state, the runs that it comes to, and what is hashed of them.
 *
 * @module
 */
import { encodeSnapshotContext, packBindings, packIntroduced, packPublications, packSessions } from '@y-sealed/protocol'
import { contentDigest, EpochKey } from '@y-sealed/protocol/sealing'
import * as Y from 'yjs'

import { writeContent } from '../../client/snapshots/content-stream.ts'
import { LeafHasher } from '../../client/snapshots/leaf-hasher.ts'
import { EPOCH_KEYS, filled, type Cast } from './cast.ts'
import { UPDATE } from './envelopes.ts'
import { vector, type VectorFile } from './vector.ts'

/** A run by the fields of LO12; `content` is hexadecimal, as `writeAny` gives it where it is no text. */
type Run = Readonly<Record<string, unknown>>

const live = { origin: null, rightOrigin: null, root: null, parent: null, key: null }
const HI: readonly Run[] = [{ ...live, client: 7, clock: 0, units: 2, root: 't', ref: 4, text: 'Hi' }]

/** One of each: text in two runs with a deleted one between, half a surrogate pair, an element in a fragment, a value under its key. */
const MIXED: readonly Run[] = [
  { ...live, client: 5, clock: 0, units: 2, root: 't', ref: 4, text: 'ab' },
  { client: 5, clock: 2, deleted: 2 },
  { ...live, client: 5, clock: 4, units: 1, origin: [5, 0], rightOrigin: [5, 1], ref: 4, root: 't', text: '\uFFFD' },
  { ...live, client: 5, clock: 5, units: 1, root: 'x', ref: 7, content: '7d03770170' },
  { ...live, client: 5, clock: 6, units: 1, parent: [5, 5], key: 'class', ref: 8, content: '770163' },
  { ...live, client: 9, clock: 0, units: 2, root: 'a', ref: 8, content: '7d017e' },
]

function mixedState(): Uint8Array<ArrayBuffer> {
  const [doc, other] = [new Y.Doc(), new Y.Doc()]
  doc.clientID = 5
  other.clientID = 9
  const text = doc.getText('t')
  text.insert(0, 'abcd')
  text.delete(2, 2)
  text.insert(1, '\uD83D')
  const element = new Y.XmlElement('p')
  doc.getXmlFragment('x').insert(0, [element])
  element.setAttribute('class', 'c')
  other.getArray<unknown>('a').insert(0, [1, null])
  Y.applyUpdateV2(doc, Y.encodeStateAsUpdateV2(other))
  return Y.encodeStateAsUpdateV2(doc) as Uint8Array<ArrayBuffer>
}

export function digestVectors({ alice, document }: Cast): VectorFile {
  const key = new EpochKey(1, EPOCH_KEYS.first)
  const context = encodeSnapshotContext({
    transcript: filled(32, 0x78),
    recordHead: filled(32, 0x7a),
    sessions: packSessions([]),
    bindings: packBindings([[7, alice.id]]),
    devices: packIntroduced([]),
    publications: packPublications([]),
  })
  const cases = [
    ['of a text', UPDATE, HI],
    ['of runs, deleted and live', mixedState(), MIXED],
  ] as const
  return {
    about:
      'Content digests. Byte fields are hexadecimal; runs are those of SPEC, ids pairs of client and clock, `root` or `parent` the parent.',
    vectors: cases.map(([name, state, runs]) => {
      const hasher = new LeafHasher()
      for (const _ of writeContent(state, hasher)) void 0
      const leaves = hasher.finish()
      const digest = contentDigest(key, { document, seq: 4, context, leaves })
      return vector(
        `content digest ${name}`,
        ['LO12'],
        { key: key.exportKey(), document, seq: 4, context, state, runs },
        { leaves, digest },
      )
    }),
  }
}
