/** The recorded member logs: made and judged a second time, by code that shares nothing with the first. */
import {
  cryptoReady,
  decodeRecord,
  hexToBytes,
  MemberLog,
  readWholeEnvelope,
  sodiumSha512,
  type Bytes,
} from '@y-sealed/protocol'
import { beforeAll, describe, expect, it } from 'vitest'

import { SAFETY_EMOJI } from '../../client/members/safety-emoji.ts'
import { signWith } from '../support/independent/curve.ts'
import { frame, hash, u32, u64 } from '../support/independent/hash.ts'
import { encodeByLayout, RECORD_LAYOUTS } from '../support/independent/layouts.ts'
import { MemberModel, type ModelRecord, type ModelRole, type ModelRotation } from '../support/members/member-model.ts'
import { findChanges, readVectors } from '../vectors/store.ts'
import { toJson, type Json, type Vector } from '../vectors/vector.ts'
import { buildVectors } from '../vectors/all.ts'
import { createCast, SEEDS } from '../vectors/cast.ts'

type Fields = Readonly<Record<string, Json>>

const recorded = readVectors('members')?.vectors ?? []
const hex = (text: Json | undefined): Bytes => hexToBytes(text as string) as Bytes
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const records = recorded.filter(({ input }) => 'log' in input)
const logs = [...new Set(records.map(({ input }) => input['log'] as string))]
const recordsOf = (log: string): readonly Vector[] => records.filter(({ input }) => input['log'] === log)

/** The fields of a body, once its bytes are those of the layout. */
function fieldsOf(body: string): Fields {
  const decoded = decodeRecord(hex(body))
  if (!decoded.ok) throw new Error(decoded.fault)
  const fields = toJson(decoded.value) as Fields
  const type = fields['type'] as string
  expect(encodeByLayout(RECORD_LAYOUTS[type === 'genesis' ? 'genesis/members' : type] as string, fields)).toBe(body)
  return fields
}

function rotationOf(json: Json | undefined): ModelRotation {
  const { epoch, commitment, backLink, wraps } = json as Fields
  return {
    epoch: epoch as number,
    commitment: commitment as string,
    hasBackLink: /[1-9a-f]/u.test(backLink as string),
    wraps: (wraps as string[][]).map(([device]) => device as string),
  }
}

/** The id that a certificate's keys hash to. [KM1] */
function certified(json: Json | undefined): string {
  const { signPublic, boxPublic } = json as Fields
  return toHex(hash('y-sealed/v1/device', hex(signPublic), hex(boxPublic)).subarray(0, 16))
}

/** What the record means, as the model reads it; `null` for what it does not know, and for certificates that nobody signed. */
function meaningOf(
  fields: Fields,
  { genesisHash, recordHead }: { genesisHash: Bytes; recordHead: Bytes },
): ModelRecord | null {
  const role = fields['role'] as ModelRole
  switch (fields['type']) {
    case 'add':
      return isSigned(fields['certificate'])
        ? { type: 'add', device: certified(fields['certificate']), role, sponsored: fields['sponsored'] as boolean }
        : null
    case 'role':
      return { type: 'role', device: fields['device'] as string, role }
    case 'link':
      return { type: 'link', link: certified(fields['certificate']), role, uses: fields['uses'] as number }
    case 'join': {
      const { signPublic, boxPublic, signature } = fields['certificate'] as Fields
      const certificate = hex(`${signPublic as string}${boxPublic as string}${signature as string}`)
      const signed = toHex(signWith(SEEDS.link.sign, frame('y-sealed/v1/join', genesisHash, recordHead, certificate)))
      const link = fields['link'] as string
      const signedBy = signed === fields['linkSignature'] ? link : 'somebody else'
      return { type: 'join', link, device: certified(fields['certificate']), signedBy }
    }
    case 'revoke-link':
      return { type: 'revoke-link', link: fields['link'] as string, rotation: rotationOf(fields['rotation']) }
    case 'remove': {
      const devices = (fields['devices'] as string[][]).map(([device]) => device as string)
      return { type: 'remove', devices, rotation: rotationOf(fields['rotation']) }
    }
    case 'epoch':
      return { type: 'epoch', rotation: rotationOf(fields['rotation']) }
    case 'rewrap': {
      const wraps = (fields['wraps'] as string[][]).map(([device]) => device as string)
      return { type: 'rewrap', epoch: fields['epoch'] as number, hasBackLink: fields['backLink'] !== null, wraps }
    }
    case 'restart':
      return fields['introduction'] === null ? { type: 'restart' } : null
    default:
      return null
  }
}

/** By the seeds of the vectors, which hold one byte 32 times: a certificate is signed iff one of them signs just so. */
function isSigned(json: Json | undefined): boolean {
  const { signPublic, boxPublic, signature } = json as Fields
  const input = frame('y-sealed/v1/device-certificate', hex(signPublic), hex(boxPublic))
  return Array.from({ length: 256 }, (_, byte) => new Uint8Array(32).fill(byte)).some(
    (seed) => toHex(signWith(seed, input)) === signature,
  )
}

describe('member logs', () => {
  beforeAll(cryptoReady)

  it('[WI4] members.json is what the code makes today', () => {
    expect(findChanges(readVectors('members')!, buildVectors(createCast()).get('members')!)).toEqual([])
  })

  it('[KM16] [KM17] hold every reason not to count but the one that takes a thousand devices', () => {
    const verdicts = new Set(records.map(({ output }) => output['verdict']))
    expect(verdicts).toEqual(
      new Set([
        'certificate',
        'counts',
        'epoch',
        'known-device',
        'last-admin',
        'malformed',
        'not-allowed',
        'part-of-member',
        'rotation',
        'signature',
        'stale',
        'stranger',
        'unknown-device',
        'unknown-link',
        'wraps',
      ]),
    )
  })

  it.each(records)('[KM9] [KM11] [EN6] $name', ({ input, output }) => {
    const body = hex(input['body'])
    const header = Buffer.concat([
      Uint8Array.of(1, 4, 1, 0),
      hex(input['document']),
      u32(input['epoch'] as number),
      hex(input['device']),
      hex(input['session']),
      u64(1),
      new Uint8Array(16 + 8 + 16 + 24),
      u32(body.length),
    ])
    const id = hash('y-sealed/v1/envelope', hex(input['commitment']), Buffer.concat([header, body]))
    const signature = signWith(hex(input['signSeed']), frame('y-sealed/v1/signature', id))
    expect(toHex(Buffer.concat([header, body, signature]))).toBe(output['envelope'])
    expect(output['verdict'] === 'counts').toBe(output['recordHead'] === toHex(id))
  })

  it.each(logs)('[KM16] [KM17] [KM18] %s: a naive reading of SPEC says the same of every record', (log) => {
    const [genesis, ...later] = recordsOf(log) as [Vector, ...Vector[]]
    const genesisHash = hex(genesis.input['genesisHash'])
    expect(toHex(hash('y-sealed/v1/genesis', hex(genesis.input['body'])))).toBe(genesis.input['genesisHash'])
    const model = new MemberModel(genesis.input['device'] as string, genesis.input['commitment'] as string)
    let recordHead = genesis.output['recordHead'] as string
    for (const { input, output } of later) {
      const fields = fieldsOf(input['body'] as string)
      const record = meaningOf(fields, { genesisHash, recordHead: hex(recordHead) })
      const isOurs = input['document'] === toHex(genesisHash.subarray(0, 16))
      const envelope = {
        author: input['device'] as string,
        signedBy: idOfSeed(hex(input['signSeed'])),
        isUponHead: fields['recordPrev'] === recordHead && isOurs,
        epoch: input['epoch'] as number,
      }
      const counts = record !== null && model.take({ ...envelope, record })
      expect([input['seq'], counts]).toEqual([input['seq'], output['verdict'] === 'counts'])
      recordHead = output['recordHead'] as string
      expect(output['members']).toEqual(model.members.map(({ name, role, devices }) => ({ id: name, role, devices })))
      expect(output['links']).toEqual(model.links.map(({ name, role, used }) => ({ id: name, role, used })))
      expect([output['epoch'], output['closedAt'] !== null]).toEqual([model.epoch, model.isClosed])
    }
  })

  it.each(logs)('[KM16] %s: whoever has only the records that counted comes to the same', (log) => {
    const vectors = recordsOf(log)
    const members = new MemberLog(sodiumSha512, hex(vectors[0]!.input['genesisHash']))
    for (const { input, output } of vectors.filter((each) => each.output['verdict'] === 'counts')) {
      const envelope = readWholeEnvelope(hex(output['envelope']))!
      expect(members.take(envelope, input['seq'] as number).ok).toBe(true)
    }
    expect(toHex(members.recordHead)).toBe(vectors.at(-1)!.output['recordHead'])
  })
})

/** The devices of the vectors by their signing seeds: the box seed is the next byte. */
function idOfSeed(sign: Bytes): string {
  const known = records.find(({ input, output }) => input['signSeed'] === toHex(sign) && output['verdict'] === 'counts')
  return known === undefined ? 'nobody' : (known.input['device'] as string)
}

describe('safety codes', () => {
  it.each(recorded.filter(({ source }) => source.includes('KM20')))('[KM20] $name', ({ input, output }) => {
    const bits = [...hash('y-sealed/v1/safety', hex(input['genesisHash']), hex(input['recordHead']))]
      .map((byte) => byte.toString(2).padStart(8, '0'))
      .join('')
    const emoji = Array.from(
      { length: 7 },
      (_, i) => SAFETY_EMOJI[Number.parseInt(bits.slice(6 * i, 6 * i + 6), 2)]!.symbol,
    )
    const groups = Array.from({ length: 5 }, (_, i) => {
      const start = 48 + 40 * i
      return String(BigInt(`0b${bits.slice(start, start + 40)}`) % 100_000n).padStart(5, '0')
    })
    expect([output['emoji'], output['digits']]).toEqual([emoji.join(' '), groups.join(' ')])
  })

  it('[KM20] the list is 64 different emoji with 64 different words', () => {
    expect(new Set(SAFETY_EMOJI.map(({ symbol }) => symbol)).size).toBe(64)
    expect(new Set(SAFETY_EMOJI.map(({ name }) => name)).size).toBe(64)
  })
})
