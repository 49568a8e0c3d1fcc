import {
  cryptoReady,
  encodeRecord,
  Envelope,
  envelopeId,
  KIND,
  SESSION_SILENCE_SEQS,
  sodiumSha512,
  type Bytes,
} from '@y-sealed/protocol'
import { Session, type Device } from '@y-sealed/protocol/sealing'
import { beforeAll, describe, expect, it } from 'vitest'

import type { EntryRow } from '../../../../server/store/sqlite/audit-reader.ts'
import { AuditRows, derivedOf, faultsOf } from '../../../support/audit-rows.ts'
import { MemberDocument } from '../../../support/members/member-document.ts'
import { createTestDevice } from '../../../support/raw-client.ts'
import { createRoomDocument, TestWriter } from '../../../support/room-document.ts'

beforeAll(() => cryptoReady())

/** A document in `members` mode whose log may hold anything. */
class Log {
  readonly document = new MemberDocument()
  readonly rows = new AuditRows(this.document.document(1))

  constructor() {
    this.rows.add(this.document.log.genesis)
  }

  get creator(): Device {
    return this.document.creator
  }

  /** A record, which counts or does not. */
  record(envelope: Envelope, counts = true): number {
    const seq = this.rows.add(envelope, this.document.log.log.members.epoch.commitment)
    if (counts) this.document.stored(envelope, seq)
    return seq
  }

  member(role: 'reader' | 'writer'): Device {
    const device = createTestDevice()
    this.record(this.document.add(device, role))
    return device
  }

  writer(device: Device = this.creator, epoch?: number): TestWriter {
    return this.document.writer(device, epoch, this.rows.head)
  }

  update(writer: TestWriter): number {
    return this.rows.add(writer.update().envelope, writer.document.key.commitment)
  }

  audit(options: Parameters<AuditRows['audit']>[1] = {}) {
    return this.rows.audit(derivedOf(this.document.log.log.members), options)
  }

  get faults(): readonly string[] {
    return faultsOf(this.audit())
  }
}

/** What is wrong with a restart. */
interface Odd {
  readonly isStale?: boolean
  readonly isStranger?: boolean
}

/** The same with one bit of its signature turned. */
function spoil({ bytes }: Envelope): Envelope {
  const spoilt = bytes.slice()
  spoilt[spoilt.length - 1] = (spoilt.at(-1) as number) ^ 1
  return new Envelope(spoilt)
}

describe('who may write', () => {
  it('[KM10] [KM18] finds nothing where everybody keeps to it, however the log is cut', () => {
    const log = new Log()
    const bob = log.member('writer')
    const [alices, bobs] = [log.writer(), log.writer(bob)]
    for (let i = 0; i < 300; i++) log.update(i % 2 === 0 ? alices : bobs)
    log.record(log.document.rotate())
    const again = log.writer(bob, 2)
    for (let i = 0; i < 5; i++) log.update(again)
    log.record(log.document.remove([bob]))
    log.update(log.writer(log.creator, 3))
    const report = log.audit()
    expect(report).toMatchObject({ mode: 'members', entries: 310, records: 4, unsigned: 0, unchecked: 0, faults: [] })
    // A check for each of the 4 records, and for each session in each window.
    expect(report.checks).toBeLessThanOrEqual(4 + 2 * 2 + 1 + 1)
    for (const page of [1, 7, 1000]) expect(faultsOf(log.audit({ page }))).toEqual([])
  })

  it('[AU6] names an update of a reader, of a stranger, and of one who was removed', () => {
    const log = new Log()
    const [bob, carol] = [log.member('writer'), log.member('reader')]
    const places = [log.update(log.writer(carol)), log.update(log.writer(createTestDevice()))]
    log.update(log.writer(bob))
    log.record(log.document.remove([bob]))
    places.push(log.update(log.writer(bob, 2)))
    expect(log.faults).toEqual(places.map((seq) => `ROLE_WRONG ${seq}`))
  })

  it('[KM11] [KM18] names an update under an epoch that is over, and one under a closed epoch', () => {
    const log = new Log()
    const bob = log.member('writer')
    log.record(log.document.rotate())
    const late = log.update(log.writer(log.creator, 1))
    log.record(log.document.leave(bob))
    const closed = log.update(log.writer(log.creator, 2))
    expect(log.faults).toEqual([`EPOCH_WRONG ${late}`, `EPOCH_WRONG ${closed}`])
  })

  it('[KM16] [KM17] names a record that does not count, and then judges nobody by the records', () => {
    const log = new Log()
    const carol = log.member('reader')
    const refused = log.record(log.document.add(createTestDevice(), 'writer', carol), false)
    log.update(log.writer(carol))
    const report = log.audit()
    expect(report.faults).toEqual([{ code: 'RECORD_REFUSED', seq: refused, detail: 'not-allowed' }])
    expect(report.unchecked).toBe(1)
  })

  it('[KM16] in shared-key mode names any record but the genesis and restarts, and says whose work was not checked', () => {
    const document = createRoomDocument()
    const rows = new AuditRows(document)
    const writer = new TestWriter(document, createTestDevice())
    rows.add(writer.genesis().envelope)
    rows.add(writer.bind().envelope)
    rows.add(spoil(writer.update().envelope))
    const epochs = [{ epoch: 1, commitment: document.key.commitment, closed: 0 }]
    const derived = { epochs, members: [], links: [], emptySessions: 0 }
    expect(rows.audit(derived)).toMatchObject({ mode: 'shared-key', unchecked: 3, checks: 0, faults: [] })
    rows.add(writer.session.sealEntry(KIND.record, document.body, document.key, rows.head).envelope)
    expect(faultsOf(rows.audit(derived))).toEqual(['RECORD_REFUSED 4'])
  })

  it.each([
    ['finds restarts in order that follow each other', {}, []],
    ['names a restart upon another record', { isStale: true }, ['RECORD_REFUSED 3']],
    ['names one that the room’s key has not introduced', { isStranger: true }, ['RECORD_REFUSED 3']],
  ] as const)(
    '[KM15] [KM16] [LO14] in shared-key mode %s',
    (_, { isStale = false, isStranger = false }: Odd, faults) => {
      const document = createRoomDocument()
      const rows = new AuditRows(document)
      const genesis = new TestWriter(document, createTestDevice()).genesis()
      rows.add(genesis.envelope)
      const restart = (recordPrev: Bytes, room = document.room!): Bytes => {
        const device = createTestDevice()
        const session = new Session(document.id, device)
        const head = { ...rows.head, signature: new Uint8Array(64) }
        const introduction = room.introduce(document.id, device, session.id)
        const body = encodeRecord({ type: 'restart', recordPrev, lostHead: head, keptHead: head, introduction })
        const { envelope } = session.sealEntry(KIND.record, body, document.key, rows.head)
        rows.add(envelope)
        return envelopeId(sodiumSha512, document.key.commitment, envelope)
      }
      const genesisId = envelopeId(sodiumSha512, document.key.commitment, genesis.envelope)
      const first = restart(genesisId)
      restart(isStale ? genesisId : first, isStranger ? createRoomDocument().room! : undefined)
      const epochs = [{ epoch: 1, commitment: document.key.commitment, closed: 0 }]
      const report = rows.audit({ epochs, members: [], links: [], emptySessions: 0 })
      expect([faultsOf(report), report.records]).toEqual([faults, 3])
    },
  )
})

describe('sessions', () => {
  it('[EN12] names an entry that does not continue its session, and one whose session never began', () => {
    const log = new Log()
    const [first, second] = [log.writer(), log.writer()]
    log.update(first)
    first.update()
    const broken = log.update(first)
    second.update()
    expect(log.faults).toEqual([`CHAIN_BROKEN ${broken}`])
    const headless = log.update(second)
    expect(log.faults).toEqual([`CHAIN_BROKEN ${broken}`, `SESSION_OVER ${headless}`])
  })

  it(
    '[LO8] names a session that goes on after 10 000 entries of others, and one that begins upon an older head',
    { timeout: 60_000 },
    () => {
      const log = new Log()
      const [silent, late, busy] = [log.writer(), log.writer(), log.writer()]
      log.update(silent)
      for (let i = 0; i < 10_000; i++) log.update(busy)
      const onTime = log.update(silent)
      expect(log.faults).toEqual([])
      for (let i = 0; i < 10_001; i++) log.update(busy)
      const [over, old] = [log.update(silent), log.update(late)]
      expect(over - onTime).toBe(10_002)
      expect(log.faults).toEqual([`SESSION_OVER ${over}`, `SEEN_TOO_OLD ${old}`])
    },
  )

  it('[EN12] [LO7] names an entry that continues another beginning of its session', () => {
    const log = new Log()
    const { id, key } = log.document.document(1)
    const [told, other] = [0, 0].map(() => new Session(id, log.creator, () => new Uint8Array(8).fill(7)))
    const seal = (session: Session | undefined): Envelope =>
      (session as Session).sealEntry(KIND.update, new Uint8Array(1), key, log.rows.head).envelope
    log.rows.add(seal(told))
    seal(other)
    const forked = log.rows.add(seal(other))
    expect(log.faults).toEqual([`CHAIN_BROKEN ${forked}`])
  })

  it('[LO3] names an entry that saw what was not there yet, or something else', () => {
    const log = new Log()
    const writer = log.writer()
    log.update(writer)
    const { seq, transcript } = log.rows.head
    const [ahead, other] = [
      { seq: seq + 1, transcript },
      { seq, transcript: transcript.map((byte) => byte ^ 1) },
    ]
    const places = [ahead, other].map((seen) => {
      const someone = log.writer()
      someone.seen = seen
      return log.update(someone)
    })
    expect(log.faults).toEqual(places.map((place) => `SEEN_WRONG ${place}`))
  })

  it('[LO9] names a part that stands without the others', () => {
    const log = new Log()
    const writer = log.writer()
    const part = (): number =>
      log.rows.add(
        writer.session.sealEntry(KIND.part, new Uint8Array(100), writer.document.key, log.rows.head).envelope,
      )
    part()
    part()
    log.update(writer)
    expect(log.faults).toEqual([])
    const alone = [part()]
    log.update(writer)
    alone.push(part())
    expect(log.faults).toEqual(alone.map((seq) => `PART_ALONE ${seq}`))
  })
})

describe('signatures', () => {
  it('[EN13] an entry is vouched for by a later one of its session within 256 entries; else it is no fault, but counts for nobody', () => {
    const log = new Log()
    const [careless, other] = [log.writer(), log.writer()]
    const bad = (): number => log.rows.add(spoil(careless.update().envelope))
    bad()
    for (let i = 0; i < 255; i++) log.update(other)
    log.update(careless)
    expect(log.audit()).toMatchObject({ unsigned: 0, faults: [] })
    bad()
    for (let i = 0; i < 256; i++) log.update(other)
    log.update(careless)
    log.update(careless)
    for (const page of [1, 64, 10_000]) expect(log.audit({ page })).toMatchObject({ unsigned: 3, faults: [] })
    bad()
    expect(log.audit()).toMatchObject({ unsigned: 4, faults: [] })
    const last = log.rows.add(spoil(other.update().envelope))
    expect([last, log.audit().unsigned]).toEqual([log.rows.head.seq, 5])
    expect(log.audit({ isQuick: true })).toMatchObject({ unsigned: 0, checks: 1, unchecked: log.rows.rows.length - 1 })
  })

  it('[EN13] names a publication and a record that are not signed by themselves', () => {
    const log = new Log()
    const writer = log.writer()
    const publication = writer.session.sealEntry(
      KIND.publication,
      new Uint8Array(144),
      writer.document.key,
      log.rows.head,
    )
    const seq = log.rows.add(spoil(publication.envelope))
    log.update(writer)
    expect(log.faults).toEqual([`SIGNATURE_WRONG ${seq}`])
    const record = log.record(spoil(log.document.add(createTestDevice(), 'writer')), false)
    expect(log.audit().faults[1]).toEqual({ code: 'RECORD_REFUSED', seq: record, detail: 'signature' })
  })
})

describe('what is kept of a log', () => {
  it('[LO15] goes on behind trimmed bodies, and says how many there are', () => {
    const log = new Log()
    const writer = log.writer()
    for (let i = 0; i < 20; i++) log.update(writer)
    log.rows.trim(9)
    expect(log.audit()).toMatchObject({ entries: 21, trimmed: 8, faults: [] })
  })

  it('[LO15] recomputes transcripts from marks, and misses bodies that should be there', () => {
    const log = new Log()
    const writer = log.writer()
    for (let i = 0; i < 20; i++) log.update(writer)
    log.rows.trim(9)
    const turn = (seq: number, changes: Partial<EntryRow>): EntryRow => {
      const row = log.rows.rows[seq - 1] as EntryRow
      log.rows.rows[seq - 1] = { ...row, ...changes }
      return row
    }
    const whole = turn(5, { signature: new Uint8Array(64) })
    expect(log.faults).toEqual(['TRANSCRIPT_WRONG 5'])
    log.rows.rows[4] = whole
    const held = turn(15, { envelope: null, signature: null })
    expect(log.faults).toEqual(['TRIM_WRONG 15'])
    log.rows.rows[14] = held
    log.rows.rows.splice(11, 1)
    expect(log.faults).toContain('SEQ_GAP 13')
  })

  it('[LO15] misses no mark that was old enough to go, and every other', { timeout: 60_000 }, () => {
    const log = new Log()
    const [old, writer] = [log.writer(), log.writer()]
    for (let i = 0; i < 9; i++) log.update(old)
    for (let i = 0; i < SESSION_SILENCE_SEQS + 11; i++) log.update(writer)
    // The oldest go first, whatever session may still rest on them.
    log.rows.trim(SESSION_SILENCE_SEQS)
    log.rows.rows.splice(1, 19)
    expect(log.audit()).toMatchObject({ faults: [], trimmed: SESSION_SILENCE_SEQS - 20 })
    const [next] = log.rows.rows.splice(2, 1)
    expect(log.faults).toContain('SEQ_GAP 23')
    log.rows.rows.splice(2, 0, next as EntryRow)
    expect(log.faults).toEqual([])
    log.rows.rows.splice(1, SESSION_SILENCE_SEQS)
    expect(log.faults).toContain(`SEQ_GAP ${SESSION_SILENCE_SEQS + 21}`)
  })

  it('[LO2] names an envelope in the place of another once, whatever its size', () => {
    const log = new Log()
    const writer = log.writer()
    for (let i = 0; i < 5; i++) log.update(writer)
    const { envelope } = log.writer().update(new Uint8Array(500))
    log.rows.rows[2] = { ...(log.rows.rows[2] as EntryRow), envelope: envelope.bytes }
    expect(log.faults).toEqual(['COLUMN_WRONG 3', 'ENVELOPE_CHANGED 3', 'TRANSCRIPT_WRONG 3', 'BYTES_WRONG 3'])
  })

  it('[I4] keeps twenty faults of a document and counts the others', () => {
    const log = new Log()
    const stranger = createTestDevice()
    for (let i = 0; i < 50; i++) log.update(log.writer(stranger))
    const { faults, faultCount } = log.audit()
    expect([faults.length, faultCount]).toEqual([20, 50])
  })
})
