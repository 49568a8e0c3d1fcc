import { beforeAll, describe, expect, it } from 'vitest'

import {
  cryptoReady,
  decodeAttestation,
  decodePublication,
  encodeAttestation,
  encodePublication,
  KIND,
  type AttestationBody,
  type Bytes,
  type Envelope,
  type PublicationBody,
} from '@y-sealed/protocol'
import { createDeviceSeeds, createEpochKey, Device, Session } from '@y-sealed/protocol/sealing'
import { SnapshotLedger, type LedgerView } from '../../../../client/snapshots/ledger.ts'

beforeAll(() => cryptoReady())

const fill = (length: number, value: number): Bytes => new Uint8Array(length).fill(value)
const VIEW: LedgerView = { compare: () => 'same', isSoleMember: () => false }
const NONE = fill(32, 0)

/** A ledger whose entries come one after another, by devices that each are a member unless it is said otherwise. */
function createBook(view: LedgerView = VIEW) {
  const ledger = new SnapshotLedger()
  const key = createEpochKey(3)
  let seq = 100
  const seal = (kind: 5 | 6, body: Bytes, device: Device): Envelope =>
    new Session(fill(16, 9), device).sealEntry(kind, body, key, { seq: 0, transcript: NONE }).envelope
  const publish = (device: Device, body: Partial<PublicationBody>, member = device.id, at = view): string | null => {
    const whole = {
      snapshotId: fill(32, 1),
      seq: 10,
      transcript: fill(32, 5),
      parentId: NONE,
      snapshotEpoch: 3,
      snapshotBytes: 700,
      contentDigest: fill(32, 7),
      ...body,
    }
    const envelope = seal(KIND.publication, encodePublication(whole), device)
    const decoded = decodePublication(envelope.sealed)
    return decoded.ok ? (ledger.publish({ seq: ++seq, envelope, member }, decoded.value, at)?.standing ?? null) : null
  }
  const attest = (device: Device, body: Partial<AttestationBody>, member = device.id, at = view): string | null => {
    const whole = { snapshotId: fill(32, 1), seq: 10, verdict: 'same' as const, contentDigest: fill(32, 7), ...body }
    const envelope = seal(KIND.attestation, encodeAttestation(whole), device)
    const decoded = decodeAttestation(envelope.sealed)
    return decoded.ok ? (ledger.attest({ seq: ++seq, envelope, member }, decoded.value, at)?.standing ?? null) : null
  }
  return { ledger, publish, attest }
}

const device = (): Device => new Device(createDeviceSeeds())

describe('the ledger of published snapshots', () => {
  it('[LO11] counts a publication upon the newest, further than it, of the log and in its own epoch', () => {
    const { ledger, publish } = createBook()
    const alice = device()
    expect(publish(alice, { parentId: fill(32, 8) })).toBeNull()
    expect(publish(alice, { snapshotEpoch: 2 })).toBeNull()
    expect(publish(alice, { seq: 9_999 })).toBeNull()
    expect(publish(alice, {}, alice.id, { ...VIEW, compare: () => 'different' })).toBeNull()
    expect(publish(alice, {})).toBe('published')
    const next = { snapshotId: fill(32, 2), parentId: fill(32, 1) }
    expect(publish(alice, { ...next, seq: 10 })).toBeNull()
    expect(publish(alice, { ...next, seq: 11, parentId: NONE })).toBeNull()
    expect(publish(alice, { ...next, seq: 11 })).toBe('published')
    expect(ledger.all.map(({ seq }) => seq)).toEqual([10, 11])
  })

  it('[LO13] takes the word of another member, and of nobody for themselves', () => {
    const { publish, attest } = createBook()
    const [alice, phone, bob] = [device(), device(), device()]
    publish(alice, {})
    expect(attest(alice, {})).toBeNull()
    expect(attest(phone, {}, alice.id)).toBeNull()
    expect(attest(bob, { seq: 11 })).toBeNull()
    expect(attest(bob, { snapshotId: fill(32, 4) })).toBeNull()
    expect(attest(bob, { contentDigest: fill(32, 6) })).toBeNull()
    expect(attest(bob, { verdict: 'different' })).toBeNull()
    expect(attest(bob, {})).toBe('attested')
  })

  it('[LO13] takes the word of another device where nobody but one member ever wrote', () => {
    const { publish, attest } = createBook({ ...VIEW, isSoleMember: () => true })
    const [alice, phone] = [device(), device()]
    publish(alice, {})
    expect(attest(alice, {})).toBeNull()
    expect(attest(phone, {}, alice.id)).toBe('attested')
  })

  it('[LO13] holds a snapshot for disputed from the first that found another, for good', () => {
    const { ledger, publish, attest } = createBook()
    const [alice, bob, carol] = [device(), device(), device()]
    publish(alice, {})
    attest(bob, {})
    expect(attest(carol, { verdict: 'different', contentDigest: fill(32, 6) })).toBe('disputed')
    expect(attest(bob, {})).toBe('disputed')
    expect(ledger.attested).toBeNull()
  })

  it('[LO13] speaks of the newest attested and of sixteen behind it, and goes on from what a snapshot lists', () => {
    const { ledger, publish, attest } = createBook()
    const [alice, bob] = [device(), device()]
    for (let n = 1; n <= 20; n++) {
      publish(alice, { snapshotId: fill(32, n), parentId: n === 1 ? NONE : fill(32, n - 1), seq: 10 + n })
    }
    expect(ledger.all.map(({ seq }) => seq)).toEqual(Array.from({ length: 16 }, (_, i) => 15 + i))
    expect(attest(bob, { snapshotId: fill(32, 3), seq: 13 })).toBeNull()
    attest(bob, { snapshotId: fill(32, 18), seq: 28 })
    expect(ledger.all.map(({ seq, standing }) => [seq, standing])).toEqual([
      [28, 'attested'],
      [29, 'published'],
      [30, 'published'],
    ])
    expect(new SnapshotLedger(ledger.rows()).all).toEqual(ledger.all)
  })
})
