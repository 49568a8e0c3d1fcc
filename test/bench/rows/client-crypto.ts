/**
 * P8: what sealing and opening cost a client, against libsodium's AEAD and signature alone on as many bytes; and a long run of entries
 * authenticated by its chain, against checking each signature.
 *
 * @module
 */
import {
  Authenticator,
  Envelope,
  envelopeId,
  KIND,
  maxContentBytes,
  maxSealedBytes,
  padLength,
  readEnvelope,
  signatureInput,
  sodiumSha512,
  TAG_BYTES,
  toBytes,
  verifySignature,
  type Bytes,
  type PlacedEntry,
} from '@y-sealed/protocol'
import { createDeviceSeeds, createEpochKey, Device, open, seal, Session } from '@y-sealed/protocol/sealing'
import sodium from 'libsodium-wrappers'
import { randomBytes } from 'node:crypto'

import { compareRow, type BenchRow } from '../bench-row.ts'
import { benchCheckUpdate } from '../check-update.ts'
import { median } from '../figures.ts'

/** The last is the largest update that fits one envelope, a little less than 48 KiB. */
const SIZES = [
  ['32 B', 32],
  ['1 KiB', 1024],
  ['48 KiB', maxContentBytes(maxSealedBytes(KIND.update) - TAG_BYTES)],
] as const
/** Length of a header and of the length before the content. */
const HEADER_BYTES = 124
const LENGTH_BYTES = 4

/** P8. */
export async function benchClientCrypto({ quick }: { readonly quick: boolean }): Promise<BenchRow[]> {
  await sodium.ready
  const rows: BenchRow[] = []
  for (const [name, bytes] of SIZES) rows.push(...benchSize(name, bytes, quick ? 300 : 3_000))
  rows.push(benchRun(quick ? 2_000 : 10_000, quick ? 3 : 5))
  const checked = benchCheckUpdate({ edits: quick ? 5_000 : 50_000 })
  if (checked === null) console.error('!! no test data: what it costs to check an update is SKIPPED')
  else {
    rows.push(
      compareRow('P8', 'check an update before Yjs', 'µs', checked.checkUs, 'Y.applyUpdateV2', checked.applyUs),
      compareRow('P8', 'place and apply an update', 'µs', checked.feedUs, 'Y.applyUpdateV2', checked.applyUs),
    )
  }
  return rows
}

function benchSize(name: string, bytes: number, turns: number): BenchRow[] {
  const device = new Device(createDeviceSeeds())
  const key = createEpochKey(1)
  const content = toBytes(randomBytes(bytes))
  const sealable = {
    kind: KIND.update,
    document: toBytes(randomBytes(16)),
    session: toBytes(randomBytes(8)),
    counter: 1,
    prev: new Uint8Array(16),
    seenSeq: 1,
    seenTranscript: toBytes(randomBytes(16)),
    content,
  }
  const sealed = seal(sealable, key, device).envelope.bytes
  const pair = sodium.crypto_sign_keypair()
  const aeadKey = randomBytes(32)
  const header = randomBytes(HEADER_BYTES)
  const padded = randomBytes(padLength(LENGTH_BYTES + bytes))
  const id = randomBytes(32)
  const encrypt = (): { readonly nonce: Uint8Array; readonly box: Uint8Array; readonly signature: Uint8Array } => {
    const nonce = crypto.getRandomValues(new Uint8Array(24))
    const box = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(padded, header, null, nonce, aeadKey)
    return { nonce, box, signature: sodium.crypto_sign_detached(id, pair.privateKey) }
  }
  const { nonce, box, signature } = encrypt()
  const [sealUs, sealAloneUs] = timeInTurns(turns, () => seal(sealable, key, device), encrypt)
  const [openUs, openAloneUs] = timeInTurns(
    turns,
    () => {
      const result = readEnvelope(sealed)
      if (!result.ok) throw new Error(result.fault)
      const input = signatureInput(envelopeId(sodiumSha512, key.commitment, result.envelope))
      if (!verifySignature(result.envelope.signature, input, device.signPublic)) throw new Error('signature')
      return open(result.envelope, key)
    },
    () => {
      if (!sodium.crypto_sign_verify_detached(signature, id, pair.publicKey)) throw new Error('signature')
      return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, box, header, nonce, aeadKey)
    },
  )
  return [
    compareRow('P8', `seal ${name}`, 'µs', sealUs, 'libsodium alone', sealAloneUs),
    compareRow('P8', `verify and open ${name}`, 'µs', openUs, 'libsodium alone', openAloneUs),
  ]
}

/** One session's log, as a client that opens it authenticates and opens it. */
function benchRun(entries: number, runs: number): BenchRow {
  const device = new Device(createDeviceSeeds())
  const key = createEpochKey(1)
  const session = new Session(toBytes(randomBytes(16)), device)
  const seen = { seq: 1, transcript: toBytes(randomBytes(32)) }
  const log: readonly Bytes[] = Array.from(
    { length: entries },
    () => session.sealEntry(KIND.update, toBytes(randomBytes(32)), key, seen).envelope.bytes,
  )
  const place = (bytes: Bytes, i: number): PlacedEntry => {
    const envelope = new Envelope(bytes)
    return { seq: i + 1, envelope, id: envelopeId(sodiumSha512, key.commitment, envelope) }
  }
  const chained: number[] = []
  const single: number[] = []
  for (let run = 0; run < runs; run++) {
    const startedAt = performance.now()
    const judged = new Authenticator(() => ({ signPublic: device.signPublic, single: false })).judge(log.map(place))
    for (const { envelope, authenticity } of judged) {
      if (authenticity !== 'authentic') throw new Error(authenticity)
      open(envelope, key)
    }
    chained.push(performance.now() - startedAt)
    if (judged.length !== entries) throw new Error('some entries were not judged')
    // A tenth of them stands for all: this is slow.
    const sample = log.slice(0, Math.ceil(entries / 10))
    const before = performance.now()
    for (const [i, bytes] of sample.entries()) {
      const { envelope, id } = place(bytes, i)
      if (!verifySignature(envelope.signature, signatureInput(id), device.signPublic)) throw new Error('signature')
      open(envelope, key)
    }
    single.push(((performance.now() - before) * entries) / sample.length)
  }
  const name = `run of ${entries} entries verified and opened`
  return compareRow('P8', name, 'ms', median(chained), 'a signature each', median(single))
}

/** Median microseconds of two works that take turns. */
function timeInTurns(turns: number, one: () => unknown, other: () => unknown): readonly [number, number] {
  const times: readonly [number[], number[]] = [[], []]
  for (let turn = -20; turn < turns; turn++) {
    for (const [i, work] of [one, other].entries()) {
      const startedAt = performance.now()
      work()
      if (turn >= 0) (times[i] as number[]).push((performance.now() - startedAt) * 1000)
    }
  }
  return [median(times[0]), median(times[1])]
}
