/**
 * The recorded vectors: unchanged, agreed on by a second implementation, and read back to the values they stand for.
 *
 * @module
 */
import {
  bytesToHex,
  cryptoReady,
  decodeAttestation,
  decodeAuthoredUpdate,
  ExportReader,
  sodiumSha512,
  decodeAwarenessContent,
  decodeBind,
  decodeClientFrame,
  decodePart,
  decodePublication,
  decodeQuote,
  decodeRecord,
  decodeRelayFrame,
  decodeSnapshot,
  encodeClientFrame,
  encodeRecord,
  encodeRelayFrame,
  hexToBytes,
  PROTOCOL_VERSION,
  readWholeEnvelope,
  signatureInput,
  verifySignature,
  type Bytes,
  type DecodeResult,
} from '@y-sealed/protocol'
import { Device, EpochKey, open, openBackLink, openName, unwrapKey } from '@y-sealed/protocol/sealing'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'

import { blake2b, deriveSubkey } from '../support/independent/blake2b.ts'
import { xchachaEncrypt } from '../support/independent/chacha.ts'
import { streamOf } from '../support/independent/content-stream.ts'
import { boxPrivateOf, boxPublicOf, signPublicOf, signWith } from '../support/independent/curve.ts'
import { frame, hash, u32, u64 } from '../support/independent/hash.ts'
import {
  CLIENT_LAYOUTS,
  CONTENT_LAYOUTS,
  encodeByLayout,
  EXPORT_LAYOUTS,
  RECORD_LAYOUTS,
  RELAY_LAYOUTS,
} from '../support/independent/layouts.ts'
import { listRepositoryFiles, readRepositoryFile } from '../support/repository.ts'
import { buildVectors } from '../vectors/all.ts'
import { createCast } from '../vectors/cast.ts'
import { fingerprintOf, labelsOfSpec } from '../vectors/fingerprint.ts'
import { findChanges, readFingerprints, readVectors } from '../vectors/store.ts'
import { toJson, type Json, type Vector } from '../vectors/vector.ts'

const FILES = [
  'keys',
  'padding',
  'envelopes',
  'contents',
  'digests',
  'records',
  'members',
  'log',
  'frames',
  'proofs',
  'exports',
] as const

/** What to do when the fingerprint differs. */
const CHANGED =
  `The bytes, labels, codes or limits of protocol version ${PROTOCOL_VERSION} have changed. If that was not meant, undo it. If it was: ` +
  'change shared/SPEC.md, raise PROTOCOL_VERSION in shared/version.ts once a version has been released, say so first in ' +
  'CHANGELOG.md, and record it with `npm run vectors -- --accept`, all in one commit.'

const recorded = (name: string): readonly Vector[] => readVectors(name)?.vectors ?? []
const hex = (text: Json | undefined): Bytes => hexToBytes(text as string)!
const join = (...parts: readonly Uint8Array[]): string => Buffer.concat(parts).toString('hex')

describe('vectors', () => {
  beforeAll(cryptoReady)

  it.each(FILES)('[WI4] %s.json is what the code makes today', (name) => {
    const built = buildVectors(createCast()).get(name)!
    expect(findChanges(readVectors(name)!, built)).toEqual([])
    expect(recorded(name)).toHaveLength(built.vectors.length)
  })

  it('[WI6] the fingerprint of this protocol version is the recorded one', () => {
    const isRecorded = fingerprintOf(buildVectors(createCast())) === readFingerprints()[PROTOCOL_VERSION]
    expect(isRecorded ? 'unchanged' : CHANGED).toBe('unchanged')
  })

  it('[WI6] every label in the code stands in SPEC.md', () => {
    const sources = listRepositoryFiles().filter((path) => /^(shared|client|server)\/.*\.ts$/u.test(path))
    const labels = sources.flatMap((path) => readRepositoryFile(path).match(/y-sealed\/v1\/[a-z-]+(?=')/gu) ?? [])
    expect(labelsOfSpec().length).toBeGreaterThan(15)
    expect([...new Set(labels)].filter((label) => !labelsOfSpec().includes(label))).toEqual([])
  })

  it('every vector names rules that SPEC.md has', () => {
    const spec = readFileSync(new URL('../../shared/SPEC.md', import.meta.url), 'utf8')
    const sources = FILES.flatMap((name) => recorded(name).flatMap(({ source }) => source))
    expect(sources.filter((rule) => !spec.includes(`**[${rule}]**`))).toEqual([])
  })
})

describe('vectors, computed a second time', () => {
  const keys = (rule: string, name = ''): readonly Vector[] =>
    recorded('keys').filter((each) => each.source.includes(rule) && each.name.startsWith(name))

  it.each(keys('WI5'))('[WI5] $name', ({ input, output }) => {
    const fields = (input['fields'] as string[]).map(hex)
    expect(join(frame(input['label'] as string, ...fields))).toBe(output['framed'])
    expect(join(hash(input['label'] as string, ...fields))).toBe(output['hash'])
  })

  it.each(keys('KM1'))('[KM1] $name', ({ input, output }) => {
    const signSeed = hex(input['signSeed'])
    const [signPublic, boxPublic] = [signPublicOf(signSeed), boxPublicOf(boxPrivateOf(hex(input['boxSeed'])))]
    expect(join(signPublic)).toBe(output['signPublic'])
    expect(join(boxPublic)).toBe(output['boxPublic'])
    expect(join(hash('y-sealed/v1/device', signPublic, boxPublic).subarray(0, 16))).toBe(output['id'])
    const signature = signWith(signSeed, frame('y-sealed/v1/device-certificate', signPublic, boxPublic))
    expect(join(signPublic, boxPublic, signature)).toBe(output['certificate'])
  })

  it.each(keys('KM5'))('[KM5] $name', ({ input, output }) => {
    const purposes = ['commitment', 'update', 'snapshot', 'awareness', 'blob', 'metadata', 'backLink']
    const subkeys = purposes.map((_, i) => deriveSubkey(i + 1, 'ysealed1', hex(input['key'])))
    expect(subkeys.map((subkey) => join(subkey))).toEqual(purposes.map((purpose) => output[purpose]))
    expect(join(hash('y-sealed/v1/commitment', subkeys[0]!))).toBe(output['publicCommitment'])
  })

  it.each(recorded('digests'))('[LO12] $name', ({ input, output }) => {
    const stream = streamOf(input['runs'] as readonly Json[])
    const pieces = Array.from({ length: Math.ceil(stream.length / 65_536) }, (_, i) => 65_536 * i)
    const leaves = pieces.map((at) =>
      createHash('sha512')
        .update(stream.subarray(at, at + 65_536))
        .digest()
        .subarray(0, 32),
    )
    expect(join(...leaves)).toBe(output['leaves'])
    const subkey = deriveSubkey(6, 'ysealed1', hex(input['key']))
    const place = u64(input['seq'] as number)
    const fields = [subkey, hex(input['document']), place, hex(input['context']), Buffer.concat(leaves)]
    expect(join(hash('y-sealed/v1/content', ...fields))).toBe(output['digest'])
  })

  it.each(keys('KM13'))('[KM13] $name', ({ input, output }) => {
    const message = frame('y-sealed/v1/room', new TextEncoder().encode(input['roomName'] as string))
    const roomKey = blake2b({ length: 32, message, key: hex(input['appKey']) })
    const epochKey = deriveSubkey(1, 'ysealedR', roomKey)
    const roomPublic = signPublicOf(deriveSubkey(2, 'ysealedR', roomKey))
    const commitment = hash('y-sealed/v1/commitment', deriveSubkey(1, 'ysealed1', epochKey))
    const body = Buffer.concat([Buffer.from([1]), Buffer.alloc(32), Buffer.from([2, 1]), commitment, roomPublic])
    expect(join(epochKey)).toBe(output['epochKey'])
    expect(body.toString('hex')).toBe(output['genesisBody'])
    expect(join(hash('y-sealed/v1/genesis', body))).toBe(output['genesisHash'])
    expect(output['document']).toBe((output['genesisHash'] as string).slice(0, 32))
  })

  it.each(keys('KM15'))('[KM15] $name', ({ input, output }) => {
    const message = frame('y-sealed/v1/room', new TextEncoder().encode(input['roomName'] as string))
    const seed = deriveSubkey(2, 'ysealedR', blake2b({ length: 32, message, key: hex(input['appKey']) }))
    const signPublic = signPublicOf(hex(input['signSeed']))
    const boxPublic = boxPublicOf(boxPrivateOf(hex(input['boxSeed'])))
    const device = hash('y-sealed/v1/device', signPublic, boxPublic).subarray(0, 16)
    const signed = frame('y-sealed/v1/introduction', hex(input['document']), device, hex(input['session']))
    expect(join(signPublic, boxPublic, signWith(seed, signed))).toBe(output['introduction'])
  })

  it.each(keys('KM12', 'link seed'))('[KM12] $name', ({ input, output }) => {
    expect(join(hash('y-sealed/v1/link-sign', hex(input['seed'])))).toBe(output['signSeed'])
    expect(join(hash('y-sealed/v1/link-box', hex(input['seed'])))).toBe(output['boxSeed'])
  })

  it.each(keys('KM12', 'fragment'))('[KM12] $name', ({ input, output }) => {
    const fields = ['genesisHash', 'seed', 'headKey', 'signedHead'].map((field) => hex(input[field]))
    expect(join(Uint8Array.of(1), ...fields)).toBe(output['bytes'])
    expect(Buffer.from(hex(output['bytes'])).toString('base64url')).toBe(output['fragment'])
    expect(output['fragment']).toHaveLength(268)
  })

  it.each(recorded('padding').slice(1))('[EN9] $name', ({ input, output }) => {
    const content = hex(input['content'])
    const plaintext = hex(output['plaintext'])
    expect(join(u32(content.length), content)).toBe(join(plaintext.subarray(0, 4 + content.length)))
    expect(plaintext.subarray(4 + content.length).every((byte) => byte === 0)).toBe(true)
    expect(plaintext).toHaveLength(padAgain(4 + content.length))
  })

  it('[EN9] padded lengths', () => {
    const [{ input, output }] = recorded('padding') as [Vector]
    expect((input['lengths'] as number[]).map(padAgain)).toEqual(output['paddedLengths'])
  })

  it.each(recorded('envelopes'))('[EN1] [EN6] [EN7] [EN8] $name', ({ input, output }) => {
    const kind = input['kind'] as number
    const isClear = kind >= 4 && kind <= 6
    const content = hex(input['content'])
    const device = deviceOf(input)
    const plaintext = new Uint8Array(padAgain(4 + content.length))
    plaintext.set(Buffer.concat([u32(content.length), content]))
    const length = isClear ? content.length : plaintext.length + 16
    const header = Buffer.concat([
      Uint8Array.of(1, kind, 1, 0),
      hex(input['document']),
      u32(input['epoch'] as number),
      device.id,
      hex(input['session']),
      u64(input['counter'] as number),
      hex(input['prev']),
      u64(input['seenSeq'] as number),
      hex(input['seenTranscript']),
      hex(input['nonce']),
      u32(length),
    ])
    const purpose = kind === 7 ? 3 : kind === 8 ? 4 : 2
    const epochKey = hex(input['epochKey'])
    const subkey = deriveSubkey(purpose, 'ysealed1', epochKey)
    const sealed = isClear ? content : xchachaEncrypt(subkey, hex(input['nonce']), plaintext, header)
    const commitment = hash('y-sealed/v1/commitment', deriveSubkey(1, 'ysealed1', epochKey))
    const id = hash('y-sealed/v1/envelope', commitment, Buffer.concat([header, sealed]))
    const signature = signWith(hex(input['signSeed']), frame('y-sealed/v1/signature', id))
    expect(header.toString('hex')).toBe(output['header'])
    expect(join(sealed)).toBe(output['sealedPart'])
    expect(join(id)).toBe(output['id'])
    expect(join(header, sealed, signature)).toBe(output['envelope'])
  })

  it('[EN12] each entry of the session names the one before', () => {
    const entries = recorded('envelopes').filter(({ input }) => (input['kind'] as number) < 7)
    expect(entries.map(({ input }) => input['counter'])).toEqual([1, 2, 3, 4, 5, 6])
    const before = ['00'.repeat(16), ...entries.map(({ output }) => (output['id'] as string).slice(0, 32))]
    expect(entries.map(({ input }) => input['prev'])).toEqual(before.slice(0, -1))
  })

  it('[LO1] [LO2] transcript', () => {
    const { input, output } = recorded('log').find(({ name }) => name === 'transcript')!
    let transcript = hash('y-sealed/v1/log', hex(input['genesisHash']))
    const transcripts = [join(transcript)]
    for (const mark of input['marks'] as string[]) {
      const [id, signature] = [mark.slice(0, 64), mark.slice(64)]
      transcript = hash('y-sealed/v1/transcript', transcript, hex(id), hex(signature))
      transcripts.push(join(transcript))
    }
    expect(transcripts).toEqual(output['transcripts'])
  })

  it.each(recorded('log').filter(({ source }) => source.includes('LO4')))('[LO4] $name', ({ input, output }) => {
    const seq = u64(input['seq'] as number)
    const signed = frame('y-sealed/v1/head', hex(input['document']), seq, hex(input['transcript']))
    const signature = signWith(hex(input['headSeed']), signed)
    expect(join(seq, hex(input['transcript']), signature)).toBe(output['signedHead'])
  })

  it('[EX1] [EX2] [EX3] an exported document, part by part', () => {
    const [header, ...others] = recorded('exports') as [Vector, ...Vector[]]
    const parts = others.slice(0, -1)
    const genesis = hex(header.input['genesis'])
    const length = Uint8Array.of(genesis.length >> 8, genesis.length & 255)
    const first = join(new TextEncoder().encode('y-sealed'), Uint8Array.of(1), length, genesis)
    expect(first).toBe(header.output['bytes'])
    let link = hash('y-sealed/v1/export-part', hex(first))
    let total = first.length / 2
    for (const { input, output } of parts) {
      const part = input['part'] as { readonly [name: string]: Json }
      const { type, layout } = EXPORT_LAYOUTS[part['type'] as string]!
      const body = hex(encodeByLayout(layout, part))
      link = hash('y-sealed/v1/export-part', link, Uint8Array.of(type), body)
      const bytes = join(Uint8Array.of(type), u32(body.length), body, link)
      expect(bytes).toBe(output['bytes'])
      total += bytes.length / 2
    }
    expect(others.at(-1)?.output['length']).toBe(total)
  })

  it('[LO5] a head key names its successor', () => {
    const { input, output } = recorded('log').find(({ source }) => source.includes('LO5'))!
    const [oldKey, newKey] = [signPublicOf(hex(input['oldSeed'])), hex(input['newKey'])]
    const signature = join(signWith(hex(input['oldSeed']), frame('y-sealed/v1/head-key', oldKey, newKey)))
    expect(output['statement']).toEqual({ oldKey: join(oldKey), newKey: join(newKey), signature })
  })

  it('[AU8] [AU10] [KM9] proofs', () => {
    const [token, hello, request, room, joining] = recorded('proofs') as [Vector, Vector, Vector, Vector, Vector]
    const text = (value: Json | undefined): Uint8Array => new TextEncoder().encode(value as string)
    expect(join(hash('y-sealed/v1/token', text(token.input['token'])))).toBe(token.output['tokenHash'])
    const { input } = hello
    const helloSigned = frame(
      'y-sealed/v1/hello',
      hex(input['nonce']),
      text(input['audience']),
      hex(input['tokenHash']),
    )
    expect(join(helloSigned)).toBe(hello.output['signed'])
    expect(join(signWith(hex(input['signSeed']), helloSigned))).toBe(hello.output['signature'])
    for (const [label, each] of [
      ['y-sealed/v1/token-request', request],
      ['y-sealed/v1/room-token', room],
    ] as const) {
      const { nonce, audience, document, device } = each.input
      expect(join(frame(label, text(nonce), text(audience), hex(document), hex(device)))).toBe(each.output['signed'])
    }
    const { genesisHash, recordPrev, certificate, linkSignSeed } = joining.input
    const joinSigned = frame('y-sealed/v1/join', hex(genesisHash), hex(recordPrev), hex(certificate))
    expect(join(signWith(hex(linkSignSeed), joinSigned))).toBe(joining.output['signature'])
  })

  it.each(recorded('records'))('[KM9] $name', ({ input, output }) => {
    const record = input['record'] as { readonly [name: string]: Json }
    const key = record['type'] === 'genesis' ? `genesis/${record['mode'] as string}` : (record['type'] as string)
    expect(encodeByLayout(RECORD_LAYOUTS[key]!, record)).toBe(output['body'])
  })

  it.each(recorded('frames'))('[FR3] [FR4] $name', ({ input, output }) => {
    const layouts = input['from'] === 'client' ? CLIENT_LAYOUTS : RELAY_LAYOUTS
    const fields = input['frame'] as { readonly [name: string]: Json }
    expect(encodeByLayout(layouts[fields['type'] as string]!, fields)).toBe(output['message'])
  })

  it.each(recorded('contents'))('[EN10] $name', ({ input, output }) => {
    const layout = CONTENT_LAYOUTS[input['type'] as string]!
    expect(encodeByLayout(layout, input['value'] as { readonly [name: string]: Json })).toBe(output['bytes'])
  })

  it('[FR3] [FR4] [KM9] [EN10] leave no type without a vector', () => {
    const types = (name: string, field: string): string[] =>
      recorded(name).map(({ input }) => (input[field] as { readonly type: string }).type)
    const from = (side: string): string[] =>
      recorded('frames').flatMap(({ input }) =>
        input['from'] === side ? [(input['frame'] as { readonly type: string }).type] : [],
      )
    const sorted = (list: readonly string[]): string[] => [...new Set(list)].sort()
    expect(sorted(from('client'))).toEqual(Object.keys(CLIENT_LAYOUTS).sort())
    expect(sorted(from('relay'))).toEqual(Object.keys(RELAY_LAYOUTS).sort())
    const records = Object.keys(RECORD_LAYOUTS).map((key) => key.split('/')[0]!)
    expect(sorted(types('records', 'record'))).toEqual(sorted(records))
    expect(sorted(recorded('contents').map(({ input }) => input['type'] as string))).toEqual(
      Object.keys(CONTENT_LAYOUTS).sort(),
    )
  })
})

describe('vectors, read back', () => {
  beforeAll(cryptoReady)

  it.each(recorded('frames'))('[WI4] $name', ({ input, output }) => {
    const read = input['from'] === 'client' ? readClientFrame : readRelayFrame
    expect(read(hex(output['message']))).toEqual({ frame: input['frame'], message: output['message'] })
  })

  it.each(recorded('records'))('[WI4] $name', ({ input, output }) => {
    const result = decodeRecord(hex(output['body']))
    if (!result.ok) throw new Error(result.fault)
    expect(toJson(result.value)).toEqual(input['record'])
    expect(bytesToHex(encodeRecord(result.value))).toBe(output['body'])
  })

  const decoders: Readonly<Record<string, (bytes: Bytes) => DecodeResult<unknown>>> = {
    bind: decodeBind,
    awareness: decodeAwarenessContent,
    part: decodePart,
    update: decodeAuthoredUpdate,
    quote: decodeQuote,
    publication: decodePublication,
    attestation: decodeAttestation,
    snapshot: decodeSnapshot,
  }

  it.each(recorded('contents'))('[WI4] $name', ({ input, output }) => {
    const result = decoders[input['type'] as string]!(hex(output['bytes']))
    expect(result.ok && toJson(result.value)).toEqual(input['value'])
  })

  it.each(recorded('envelopes'))('[EN7] [EN8] $name opens, and its signature holds', ({ input, output }) => {
    const envelope = readWholeEnvelope(hex(output['envelope']))!
    const key = new EpochKey(input['epoch'] as number, hex(input['epochKey']))
    expect(bytesToHex(open(envelope, key))).toBe(input['content'])
    const signPublic = deviceOf(input).signPublic
    expect(verifySignature(envelope.signature, signatureInput(hex(output['id'])), signPublic)).toBe(true)
  })

  it('[EX2] an exported document gives its parts again, in whatever pieces it comes', () => {
    const [header, ...others] = recorded('exports') as [Vector, ...Vector[]]
    const parts = others.slice(0, -1)
    const file = hex([header, ...parts].map(({ output }) => output['bytes'] as string).join(''))
    const reader = new ExportReader(sodiumSha512)
    const read: Json[] = []
    for (let at = 0; at < file.length; at += 77) {
      for (const part of reader.take(file.slice(at, at + 77))) read.push(toJson(part))
    }
    reader.finish()
    expect(read).toEqual(parts.map(({ input }) => input['part']))
  })

  it('[KM6] [KM7] [KM8] wraps, back links and names open', () => {
    const by = (rule: string): readonly Vector[] => recorded('keys').filter(({ source }) => source.includes(rule))
    for (const { input, output } of by('KM6')) {
      const device = new Device({ sign: new Uint8Array(32), box: hex(input['openedWithSeed']) })
      const { commitment } = new EpochKey(1, hex(input['key']))
      expect(unwrapKey(hex(output['wrap']), device, 1, commitment)?.exportKey()).toEqual(hex(input['key']))
    }
    for (const { input, output } of by('KM7')) {
      const [older, newer] = [new EpochKey(1, hex(input['oldKey'])), new EpochKey(2, hex(input['newKey']))]
      const opened = openBackLink(hex(output['backLink']), newer, 1, older.commitment, hex(input['document']))
      expect(opened?.exportKey()).toEqual(older.exportKey())
    }
    for (const { input, output } of by('KM8')) {
      const key = new EpochKey(input['epoch'] as number, hex(input['epochKey']))
      const name = openName(hex(output['sealedName']), hex(input['id']), key)
      expect(Buffer.from(name!).toString()).toBe(input['name'])
    }
  })
})

/** A frame's value, and what it encodes to. */
interface ReadFrame {
  readonly frame: Json
  readonly message: string
}

function readClientFrame(message: Bytes): ReadFrame {
  const result = decodeClientFrame(message)
  if (!result.ok) throw new Error(result.fault)
  return { frame: toJson(result.value), message: bytesToHex(encodeClientFrame(result.value)) }
}

function readRelayFrame(message: Bytes): ReadFrame {
  const result = decodeRelayFrame(message)
  if (!result.ok) throw new Error(result.fault)
  return { frame: toJson(result.value), message: bytesToHex(encodeRelayFrame(result.value)) }
}

function deviceOf(input: Vector['input']): Device {
  return new Device({ sign: hex(input['signSeed']), box: hex(input['boxSeed']) })
}

/** EN9 once more, with shifts in place of logarithms. */
function padAgain(length: number): number {
  for (const bucket of [64, 128, 256]) if (length <= bucket) return bucket
  const exponent = 31 - Math.clz32(length)
  const kept = 32 - Math.clz32(exponent)
  const step = 1 << (exponent - kept)
  return (length + step - 1) & ~(step - 1)
}
