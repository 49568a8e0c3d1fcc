/**
 * Vectors of envelopes: one of each kind, the log's kinds as one session's chain.
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
  encodeSnapshot,
  isClearKind,
  KIND,
  kindName,
  packBindings,
  packIntroduced,
  packPublications,
  packSessions,
  prevOf,
  type Bytes,
  type Kind,
} from '@y-sealed/protocol'
import type { Sealable, Sealed } from '@y-sealed/protocol/sealing'

import { sealUnderNonce } from '../../shared/sealing/seal.ts'
import { counting, EPOCH_KEYS, filled, SEEDS, SESSION, type Cast } from './cast.ts'
import { vector, type VectorFile } from './vector.ts'

/** A Yjs V2 update: `getText('t').insert(0, 'Hi')` by client 7. */
export const UPDATE: Bytes = Uint8Array.from([0, 0, 1, 7, 0, 0, 1, 4, 6, 3, 116, 72, 105, 1, 2, 1, 1, 0, 0, 1, 1, 0, 0])

/** Content or body of each kind. */
export function contents({ alice, genesisBody }: Cast): Readonly<Record<Kind, Bytes>> {
  const id = filled(32, 0x77)
  return {
    [KIND.record]: genesisBody,
    [KIND.bind]: encodeBind({ clientId: 7, introduction: null }),
    [KIND.update]: encodeAuthoredUpdate({ authored: 1_767_225_600_000, update: UPDATE }),
    [KIND.part]: encodePart({ index: 0, count: 2, totalBytes: 300, bytes: counting(200, 0) }),
    [KIND.publication]: encodePublication({
      snapshotId: id,
      seq: 4,
      transcript: filled(32, 0x78),
      parentId: new Uint8Array(32),
      snapshotEpoch: 1,
      snapshotBytes: 700,
      contentDigest: filled(32, 0x79),
    }),
    [KIND.attestation]: encodeAttestation({
      snapshotId: id,
      seq: 4,
      verdict: 'same',
      contentDigest: filled(32, 0x79),
    }),
    [KIND.snapshot]: encodeSnapshot({
      transcript: filled(32, 0x78),
      recordHead: filled(32, 0x7a),
      sessions: packSessions([{ device: alice.id, session: SESSION, counter: 4, seq: 4, id, standing: 'live' }]),
      bindings: packBindings([[7, alice.id]]),
      devices: packIntroduced([]),
      publications: packPublications([]),
      authoredAt: 1_764_000_000_000,
      state: UPDATE,
    }),
    [KIND.awareness]: encodeAwarenessContent({
      clientId: 7,
      clock: 1,
      state: '{"name":"Alice"}',
      introduction: null,
      head: null,
    }),
  }
}

/** One of alice's envelopes and what it was made from. */
export interface SealedCase {
  readonly sealable: Sealable
  readonly nonce: Bytes
  readonly sealed: Sealed
}

const LOG: readonly Kind[] = [KIND.record, KIND.bind, KIND.update, KIND.part, KIND.publication, KIND.attestation]

/** One envelope of each kind by alice in epoch 1: six entries of one session, then a snapshot and an awareness. */
export function sealAll(cast: Cast): SealedCase[] {
  const content = contents(cast)
  const cases: SealedCase[] = []
  let prev: Bytes = new Uint8Array(16)
  for (const kind of [...LOG, KIND.snapshot, KIND.awareness] as const) {
    const isEntry = LOG.includes(kind)
    const counter = isEntry ? cases.length + 1 : 1
    const sealable: Sealable = {
      kind,
      document: cast.document,
      session: SESSION,
      counter,
      prev: isEntry ? prev : new Uint8Array(16),
      seenSeq: isEntry ? counter - 1 : 4,
      seenTranscript: counting(16, 0xe0 + kind),
      content: content[kind],
    }
    const nonce = isClearKind(kind) ? new Uint8Array(24) : counting(24, 0x20 + kind)
    const sealed = sealUnderNonce(sealable, cast.first, cast.alice, nonce)
    cases.push({ sealable, nonce, sealed })
    prev = prevOf(sealed.id)
  }
  return cases
}

export function envelopeVectors(cast: Cast): VectorFile {
  return {
    about: 'One envelope of each kind; kinds 1 to 6 are one session in order. Byte fields are hexadecimal.',
    vectors: sealAll(cast).map(({ sealable, nonce, sealed }) =>
      vector(
        `${kindName(sealable.kind)}`,
        ['EN1', 'EN6', 'EN7', 'EN8', 'EN9', 'EN12'],
        {
          epochKey: EPOCH_KEYS.first,
          epoch: 1,
          signSeed: SEEDS.alice.sign,
          boxSeed: SEEDS.alice.box,
          nonce,
          ...sealable,
        },
        {
          header: sealed.envelope.header,
          sealedPart: sealed.envelope.sealed,
          id: sealed.id,
          signature: sealed.envelope.signature,
          envelope: sealed.envelope,
        },
      ),
    ),
  }
}
