/**
 * Vectors of what envelopes hold.
 *
 * @module
 */
import {
  encodeAttestation,
  encodeAuthoredUpdate,
  encodeAwarenessContent,
  encodeBind,
  encodePart,
  encodePublication,
  encodeQuote,
  encodeSnapshot,
  packBindings,
  packIntroduced,
  packPublications,
  packSessions,
  type AttestationBody,
  type AuthoredUpdate,
  type AwarenessContent,
  type BindContent,
  type Bytes,
  type PartContent,
  type PublicationBody,
  type QuoteContent,
  type SnapshotContent,
} from '@y-sealed/protocol'

import { counting, filled, OTHER_SESSION, SESSION, type Cast } from './cast.ts'
import { UPDATE } from './envelopes.ts'
import { signHead } from './log.ts'
import { vector, type Vector, type VectorFile } from './vector.ts'

/** A content and its bytes. */
export type ContentCase =
  | { readonly type: 'update'; readonly value: AuthoredUpdate; readonly bytes: Bytes }
  | { readonly type: 'quote'; readonly value: QuoteContent; readonly bytes: Bytes }
  | { readonly type: 'bind'; readonly value: BindContent; readonly bytes: Bytes }
  | { readonly type: 'awareness'; readonly value: AwarenessContent; readonly bytes: Bytes }
  | { readonly type: 'part'; readonly value: PartContent; readonly bytes: Bytes }
  | { readonly type: 'publication'; readonly value: PublicationBody; readonly bytes: Bytes }
  | { readonly type: 'attestation'; readonly value: AttestationBody; readonly bytes: Bytes }
  | { readonly type: 'snapshot'; readonly value: SnapshotContent; readonly bytes: Bytes }

function snapshots(cast: Cast): SnapshotContent[] {
  const [recordHead, id] = [filled(32, 0x7a), filled(32, 0x77)]
  const transcript = filled(32, 0x78)
  const empty = {
    sessions: packSessions([]),
    bindings: packBindings([]),
    devices: packIntroduced([]),
    publications: packPublications([]),
  }
  const { alice, bob } = cast
  const full = {
    sessions: packSessions([
      { device: alice.id, session: OTHER_SESSION, counter: 9, seq: 21, id, standing: 'dead' },
      { device: alice.id, session: SESSION, counter: 4, seq: 4, id, standing: 'live' },
      { device: bob.id, session: SESSION, counter: 1, seq: 7, id, standing: 'unknown' },
    ]),
    bindings: packBindings([
      [2 ** 53 - 1, bob.id],
      [7, alice.id],
    ]),
    devices: packIntroduced([counting(64, 2), counting(64, 1)]),
    publications: packPublications(
      (['disputed', 'attested', 'published'] as const).map((standing, i) => ({
        seq: 20 - i,
        id,
        device: alice.id,
        member: bob.id,
        contentDigest: filled(32, 0x79),
        standing,
      })),
    ),
  }
  return [
    { transcript, recordHead, ...empty, authoredAt: 0, state: new Uint8Array(0) },
    { transcript, recordHead, ...full, authoredAt: 1_764_000_000_000, state: UPDATE },
  ]
}

/** Every content in each of its forms. */
export function contentCases(cast: Cast): ContentCase[] {
  const introduction = cast.room.introduce(cast.roomDocument, cast.alice, SESSION)
  const head = signHead(cast, 9, filled(32, 0x99))
  const binds: BindContent[] = [
    { clientId: 7, introduction: null },
    { clientId: 2 ** 53 - 1, introduction },
  ]
  const states: AwarenessContent[] = [
    { clientId: 7, clock: 1, state: '', introduction: null, head: null },
    { clientId: 7, clock: 4_294_967_296, state: '{"name":"Zoë 🎈"}', introduction, head },
  ]
  const updates: AuthoredUpdate[] = [
    { authored: 1_767_225_600_000, update: UPDATE },
    { authored: 0, update: UPDATE },
    { authored: 2 ** 53 - 1, update: UPDATE },
  ]
  const parts: PartContent[] = [
    { index: 0, count: 2, totalBytes: 3, bytes: counting(2, 5) },
    { index: 2_047, count: 2_048, totalBytes: 67_108_864, bytes: counting(100, 5) },
  ]
  const quotes: QuoteContent[] = [[counting(200, 1)], [counting(188, 2), filled(190, 0x5a)]].map((envelopes) => ({
    envelopes,
  }))
  const digest = filled(32, 0x79)
  const publications: PublicationBody[] = [new Uint8Array(32), filled(32, 0x76)].map((parentId) => ({
    snapshotId: filled(32, 0x77),
    seq: 4,
    transcript: filled(32, 0x78),
    parentId,
    snapshotEpoch: 1,
    snapshotBytes: 700,
    contentDigest: digest,
  }))
  const attestations: AttestationBody[] = (['same', 'different'] as const).map((verdict) => ({
    snapshotId: filled(32, 0x77),
    seq: 4,
    verdict,
    contentDigest: digest,
  }))
  return [
    ...binds.map((value) => ({ type: 'bind' as const, value, bytes: encodeBind(value) })),
    ...states.map((value) => ({ type: 'awareness' as const, value, bytes: encodeAwarenessContent(value) })),
    ...parts.map((value) => ({ type: 'part' as const, value, bytes: encodePart(value) })),
    ...publications.map((value) => ({ type: 'publication' as const, value, bytes: encodePublication(value) })),
    ...attestations.map((value) => ({ type: 'attestation' as const, value, bytes: encodeAttestation(value) })),
    ...snapshots(cast).map((value) => ({ type: 'snapshot' as const, value, bytes: encodeSnapshot(value) })),
    ...updates.map((value) => ({ type: 'update' as const, value, bytes: encodeAuthoredUpdate(value) })),
    ...quotes.map((value) => ({ type: 'quote' as const, value, bytes: encodeQuote(value) })),
  ]
}

const SOURCES = {
  update: ['EN10'],
  quote: ['EN10', 'CL31'],
  bind: ['EN10', 'CL2', 'KM15'],
  awareness: ['EN10', 'CL7'],
  part: ['EN10', 'LO9'],
  publication: ['LO11'],
  attestation: ['LO13'],
  snapshot: ['LO10'],
} as const

export function contentVectors(cast: Cast): VectorFile {
  const vectors: Vector[] = contentCases(cast).map(({ type, value, bytes }, i) =>
    vector(`${type} (${i})`, SOURCES[type], { type, value }, { bytes }),
  )
  return {
    about: 'Contents and clear bodies of envelopes. Byte fields are hexadecimal; rows are [key, value].',
    vectors,
  }
}
