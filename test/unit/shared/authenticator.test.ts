import {
  Authenticator,
  AUTHENTICATION_WINDOW,
  cryptoReady,
  Envelope,
  envelopeId,
  KIND,
  SESSION_SILENCE_SEQS,
  sodiumSha512,
  type Authenticity,
  type Bytes,
  type PlacedEntry,
  type SessionHead,
} from '@y-sealed/protocol'
import { createDeviceSeeds, createEpochKey, Device, Session, type EpochKey } from '@y-sealed/protocol/sealing'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'

beforeAll(() => cryptoReady())

const DOCUMENT = new Uint8Array(16).fill(7)
const SEEN = { seq: 0, transcript: new Uint8Array(32) }

/** A log under construction: entries of several devices, some with their signature spoilt. */
class LogBuilder {
  readonly key: EpochKey = createEpochKey(1)
  readonly entries: PlacedEntry[] = []
  readonly #signPublicByDevice = new Map<string, Bytes>()

  session(): Session & { device: Device } {
    const device = new Device(createDeviceSeeds())
    this.#signPublicByDevice.set(device.id.join(), device.signPublic)
    return Object.assign(new Session(DOCUMENT, device), { device })
  }

  add(session: Session, options: { spoilt?: boolean; seenSeq?: number } = {}): this {
    const seen = { ...SEEN, seq: options.seenSeq ?? this.entries.length }
    const sealed = session.sealEntry(KIND.update, new Uint8Array([1]), this.key, seen)
    const bytes = sealed.envelope.bytes.slice()
    if (options.spoilt === true) bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1
    const envelope = new Envelope(bytes)
    this.entries.push({
      seq: this.entries.length + 1,
      envelope,
      id: envelopeId(sodiumSha512, this.key.commitment, envelope),
    })
    return this
  }

  fill(session: Session, count: number): this {
    for (let i = 0; i < count; i++) this.add(session)
    return this
  }

  authenticator(heads?: Iterable<readonly [string, SessionHead]>): Authenticator {
    return new Authenticator(({ envelope }) => {
      const signPublic = this.#signPublicByDevice.get(envelope.device.join())
      return signPublic ? { signPublic, single: false } : null
    }, heads)
  }

  judgeIn(pages: readonly number[]): { verdicts: Authenticity[]; authenticator: Authenticator } {
    const authenticator = this.authenticator()
    const verdicts: Authenticity[] = []
    let at = 0
    for (const size of [...pages, this.entries.length]) {
      const judged = authenticator.judge(this.entries.slice(at, at + size))
      verdicts.push(...judged.map((entry) => entry.authenticity))
      at += size
    }
    return { verdicts, authenticator }
  }
}

describe('session chains', () => {
  it('[EN13] accepts a run of one window with a single signature check', () => {
    const log = new LogBuilder()
    log.fill(log.session(), AUTHENTICATION_WINDOW + 1)
    const { verdicts, authenticator } = log.judgeIn([])
    expect(verdicts).toEqual(Array.from({ length: AUTHENTICATION_WINDOW + 1 }, () => 'authentic'))
    expect(authenticator.checks).toBe(1)
  })

  it('[EN13] checks 10 000 entries of one session with at most a twentieth of the signatures', () => {
    const log = new LogBuilder()
    log.fill(log.session(), 10_000)
    const { verdicts, authenticator } = log.judgeIn([])
    expect(verdicts.every((verdict) => verdict === 'authentic')).toBe(true)
    expect(authenticator.checks).toBeLessThanOrEqual(500)
  }, 30_000)

  it('[EN12] refuses an entry that does not continue its session, and goes on with the session', () => {
    const log = new LogBuilder()
    const session = log.session()
    log.add(session).add(session)
    const replayed = log.entries[0] as PlacedEntry
    log.entries.push({ ...replayed, seq: 3 })
    log.add(session)
    ;(log.entries[3] as { seq: number }).seq = 4
    expect(log.judgeIn([]).verdicts).toEqual(['authentic', 'authentic', 'broken', 'authentic'])
  })

  it('[EN12] refuses everything of a session after an entry that was dropped from it', () => {
    const log = new LogBuilder()
    const session = log.session()
    log.fill(session, 3)
    const kept = [log.entries[0], log.entries[2]] as PlacedEntry[]
    const judged = log.authenticator().judge(kept.map((entry, index) => ({ ...entry, seq: index + 1 })))
    expect(judged.map((entry) => entry.authenticity)).toEqual(['authentic', 'broken'])
  })

  it('[EN13] waits at an entry whose signature is wrong until a later one of its session vouches for it', () => {
    const log = new LogBuilder()
    const alice = log.session()
    const bob = log.session()
    log.add(alice, { spoilt: true }).add(bob)
    const authenticator = log.authenticator()
    expect(authenticator.judge(log.entries)).toEqual([])
    expect(authenticator.waitingAt).toBe(1)
    log.add(alice)
    expect(authenticator.judge(log.entries.slice(2)).map((entry) => entry.authenticity)).toEqual([
      'authentic',
      'authentic',
      'authentic',
    ])
    expect(authenticator.waitingAt).toBeNull()
  })

  it('[EN13] closes a session whose entry nobody vouches for within the window, and lets the rest go on', () => {
    const log = new LogBuilder()
    const alice = log.session()
    const bob = log.session()
    log.add(alice, { spoilt: true }).fill(bob, AUTHENTICATION_WINDOW - 1)
    const authenticator = log.authenticator()
    expect(authenticator.judge(log.entries)).toEqual([])
    log.add(bob).add(alice)
    const verdicts = authenticator.judge(log.entries.slice(AUTHENTICATION_WINDOW)).map((entry) => entry.authenticity)
    expect(verdicts[0]).toBe('unsigned')
    expect(verdicts.at(-1)).toBe('closed')
    expect(verdicts.slice(1, -1).every((verdict) => verdict === 'authentic')).toBe(true)
  })

  it('[EN13] a vouching signature at exactly the edge of the window counts, one beyond it does not', () => {
    for (const [between, verdict] of [
      [AUTHENTICATION_WINDOW - 1, 'authentic'],
      [AUTHENTICATION_WINDOW, 'unsigned'],
    ] as const) {
      const log = new LogBuilder()
      const alice = log.session()
      const bob = log.session()
      log.add(alice, { spoilt: true }).fill(bob, between).add(alice)
      expect(log.judgeIn([]).verdicts[0]).toBe(verdict)
    }
  })

  it('[EN13] knows no author whose key is unknown', () => {
    const log = new LogBuilder()
    const stranger = new Session(DOCUMENT, new Device(createDeviceSeeds()))
    log.add(stranger)
    expect(log.judgeIn([]).verdicts).toEqual(['stranger'])
  })

  it('[EN13] gives the same verdicts however the log is cut into pages', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ who: fc.nat(2), spoilt: fc.nat(9) }), { minLength: 250, maxLength: 420 }),
        fc.array(fc.integer({ min: 1, max: 120 }), { maxLength: 40 }),
        (plan, pages) => {
          const log = new LogBuilder()
          const sessions = [log.session(), log.session(), log.session()]
          for (const { who, spoilt } of plan) log.add(sessions[who] as Session, { spoilt: spoilt === 0 })
          const whole = log.judgeIn([]).verdicts
          const paged = log.judgeIn(pages).verdicts
          const single = log.judgeIn(plan.map(() => 1)).verdicts
          expect(paged).toEqual(whole)
          expect(single).toEqual(whole)
        },
      ),
      { numRuns: 6 },
    )
  }, 60_000)

  it('[LO8] takes a session up for as long as a relay does, and not after', () => {
    const silence = (entries: number): readonly Authenticity[] => {
      const log = new LogBuilder()
      const [quiet, other] = [log.session(), log.session()]
      log.add(quiet).fill(other, entries).add(quiet)
      return log.judgeIn([]).verdicts
    }
    expect(silence(SESSION_SILENCE_SEQS).at(-1)).toBe('authentic')
    expect(silence(SESSION_SILENCE_SEQS + 1).at(-1)).toBe('broken')
  })

  it('[LO8] [K2] takes no first entry whose author had seen too little: nothing of a forgotten session comes twice', () => {
    const log = new LogBuilder()
    const [quiet, other] = [log.session(), log.session()]
    log.fill(other, 1).add(quiet, { seenSeq: 1 })
    log.fill(other, SESSION_SILENCE_SEQS + 1)
    const { id, envelope } = log.entries[1]!
    log.entries.push({ seq: log.entries.length + 1, envelope, id })
    expect(log.judgeIn([]).verdicts.at(-1)).toBe('broken')
    const [late, later] = [log.session(), log.session()]
    log.add(late, { seenSeq: log.entries.length - SESSION_SILENCE_SEQS })
    log.add(later, { seenSeq: log.entries.length - SESSION_SILENCE_SEQS - 1 })
    expect(log.judgeIn([]).verdicts.slice(-2)).toEqual(['authentic', 'broken'])
  })

  it('[LO10] goes on from session heads, where nothing waits, as who has read from the start', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(2), fc.boolean()), { minLength: 1, maxLength: 60 }),
        fc.nat(60),
        (steps, at) => {
          const log = new LogBuilder()
          const sessions = [log.session(), log.session(), log.session()]
          for (const [which, spoilt] of steps) log.add(sessions[which]!, { spoilt })
          log.fill(sessions[0]!, AUTHENTICATION_WINDOW + 1)
          const whole = log.authenticator()
          const first = whole.judge(log.entries.slice(0, at))
          if (whole.waitingAt !== null) return
          const heads = whole.sessionHeads(first.length)
          const later = log.authenticator(heads).judge(log.entries.slice(first.length))
          const rest = whole.judge(log.entries.slice(first.length))
          const verdictOf = (entry: { authenticity: Authenticity }): Authenticity => entry.authenticity
          expect(later.map(verdictOf)).toEqual(rest.map(verdictOf))
        },
      ),
    )
  })
})
