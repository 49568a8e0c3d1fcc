/** Whatever records come, by whomever, in whatever order: the log takes exactly those that a naive reading of SPEC takes. */
import {
  cryptoReady,
  encodeCertificate,
  joinInput,
  MemberLog,
  packDevices,
  packWraps,
  sodiumSha512,
  type Bytes,
  type RecordFields,
  type Rotation,
} from '@y-sealed/protocol'
import { Device, createDeviceSeeds } from '@y-sealed/protocol/sealing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { fuzzRuns } from '../../support/fuzz-runs.ts'
import {
  MemberModel,
  type ModelEnvelope,
  type ModelRecord,
  type ModelRole,
  type ModelRotation,
} from '../../support/members/member-model.ts'
import { TestMemberLog } from '../../support/members/test-member-log.ts'

await cryptoReady()

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'] as const
const keysByName = new Map<string, Device>(NAMES.map((name) => [name, new Device(createDeviceSeeds())]))
const nameById = new Map([...keysByName].map(([name, { id }]) => [String(id), name]))
const keysOf = (name: string): Device => keysByName.get(name) as Device
const WRAP = new Uint8Array(80)
const NO_NAME = new Uint8Array(0)

/** Raw choices: what they mean depends on who is there. */
const stepArbitrary = fc.record({
  type: fc.constantFrom('add', 'sponsor', 'role', 'link', 'join', 'revoke', 'remove', 'leave', 'epoch', 'rewrap'),
  // Most who try are there; some are not.
  author: fc.nat(40),
  target: fc.nat(20),
  second: fc.nat(20),
  role: fc.constantFrom<ModelRole>('reader', 'writer', 'admin'),
  uses: fc.nat(2),
  links: fc.nat(7),
  flaw: fc.nat(30),
})
type Step = typeof stepArbitrary extends fc.Arbitrary<infer Value> ? Value : never

function pick<Item>(items: readonly Item[], choice: number): Item {
  return items[choice % items.length] as Item
}

function rotationOf(
  model: MemberModel,
  step: Step,
  gone: readonly string[],
  goneLinks: readonly string[],
): ModelRotation {
  const links = model.links
    .map(({ name }) => name)
    .filter((name, i) => !goneLinks.includes(name) && (step.links >> i) & 1)
  const rotation = {
    epoch: model.epoch + 1,
    commitment: `k${model.epoch + 1}`,
    hasBackLink: true,
    wraps: [...model.devices.filter((device) => !gone.includes(device)), ...links],
  }
  const lastCommitment = model.commitments.at(-1) as string
  switch (step.flaw) {
    case 1:
      return { ...rotation, epoch: model.epoch + 2 }
    case 2:
      return { ...rotation, commitment: pick(model.commitments, step.second) }
    case 3:
      return { ...rotation, wraps: rotation.wraps.slice(1) }
    case 4:
      return { ...rotation, wraps: [...new Set([...rotation.wraps, pick(NAMES, step.second)])] }
    case 5:
      return { ...rotation, wraps: [...new Set([...rotation.wraps.slice(0, -1), pick(NAMES, step.second)])] }
    case 6:
      return { epoch: model.epoch, commitment: lastCommitment, hasBackLink: false, wraps: [] }
    case 7:
      return { epoch: model.epoch, commitment: lastCommitment, hasBackLink: true, wraps: [] }
    case 8:
      return { epoch: model.epoch, commitment: lastCommitment, hasBackLink: false, wraps: rotation.wraps.slice(0, 1) }
    default:
      return rotation
  }
}

function leavingOf(model: MemberModel, step: Step): ModelRotation {
  if (step.flaw > 0 && step.flaw < 9) return rotationOf(model, { ...step, flaw: step.flaw > 4 ? step.flaw : 0 }, [], [])
  return { epoch: model.epoch, commitment: model.commitments.at(-1) as string, hasBackLink: false, wraps: [] }
}

function recordOf(model: MemberModel, step: Step, author: string): ModelRecord {
  const anybody = pick(NAMES, step.target)
  const device = step.target < 14 ? pick(model.devices, step.target) : anybody
  const link = step.target < 16 && model.links.length > 0 ? pick(model.links, step.target).name : anybody
  switch (step.type) {
    case 'add':
      return { type: 'add', device: anybody, role: step.role, sponsored: false }
    case 'sponsor': {
      const role = step.flaw % 4 === 0 ? step.role : (model.memberOf(author)?.role ?? step.role)
      return { type: 'add', device: anybody, role, sponsored: true }
    }
    case 'role':
      return { type: 'role', device, role: step.role }
    case 'link':
      return { type: 'link', link: anybody, role: step.role, uses: step.uses }
    case 'join':
      return { type: 'join', link, device: pick(NAMES, step.second), signedBy: step.flaw === 9 ? anybody : link }
    case 'revoke':
      return { type: 'revoke-link', link, rotation: rotationOf(model, step, [], [link]) }
    case 'remove': {
      const whole = model.memberOf(device)?.devices ?? [device]
      const more = step.second > 15 ? [pick(NAMES, step.second)] : []
      const devices = [...new Set([...(step.flaw % 5 === 4 ? [device] : whole), ...more])]
      return {
        type: 'remove',
        devices,
        rotation: rotationOf(
          model,
          step,
          devices,
          model.links.map(({ name }) => name),
        ),
      }
    }
    case 'leave': {
      const own = step.second % 3 === 0 ? (model.memberOf(author)?.devices ?? [author]) : [author]
      const devices = [...new Set(step.second > 14 ? [...own, device] : own)]
      return { type: 'remove', devices, rotation: leavingOf(model, step) }
    }
    case 'epoch':
      return { type: 'epoch', rotation: rotationOf(model, step, [], []) }
    default: {
      const wraps = [...new Set([device, step.flaw % 3 === 0 ? anybody : link])]
      return { type: 'rewrap', epoch: 1 + (step.second % (model.epoch + 1)), hasBackLink: step.second > 12, wraps }
    }
  }
}

function envelopeOf(model: MemberModel, step: Step): ModelEnvelope {
  const author = step.author < 32 ? pick(model.devices, step.author) : pick(NAMES, step.author)
  const record = recordOf(model, step, author)
  const name = record.type === 'join' && step.flaw !== 10 ? record.device : author
  return {
    author: name,
    signedBy: step.flaw === 11 ? pick(NAMES, step.second) : name,
    isUponHead: step.flaw !== 12,
    epoch: step.flaw === 13 ? 1 + (step.second % 4) : model.epoch,
    record,
  }
}

/** The bytes of an intention. */
class Scribe {
  readonly world = new TestMemberLog(keysOf('a'))
  readonly commitmentByName = new Map<string, Bytes>()

  commitment(name: string): Bytes {
    const known = this.commitmentByName.get(name)
    if (known) return known
    const fresh = new Uint8Array(32).map(() => Math.trunc(this.commitmentByName.size * 7 + 1))
    fresh.set(new TextEncoder().encode(name))
    this.commitmentByName.set(name, fresh)
    return fresh
  }

  rotation({ epoch, commitment, hasBackLink, wraps }: ModelRotation): Rotation {
    return {
      epoch,
      commitment: this.commitment(commitment),
      backLink: new Uint8Array(72).fill(hasBackLink ? 5 : 0),
      wraps: packWraps(wraps.map((name) => [keysOf(name).id, WRAP])),
    }
  }

  fields(record: ModelRecord): RecordFields {
    switch (record.type) {
      case 'add': {
        const { sponsored, role, device } = record
        return {
          type: 'add',
          sponsored,
          role,
          certificate: keysOf(device).certificate(),
          wrap: WRAP,
          sealedName: NO_NAME,
        }
      }
      case 'role':
        return { type: 'role', device: keysOf(record.device).id, role: record.role }
      case 'link': {
        const { role, uses, link } = record
        const certificate = keysOf(link).certificate()
        return { type: 'link', certificate, role, expiresAt: 0, uses, wrap: WRAP, sealedName: NO_NAME }
      }
      case 'join': {
        const certificate = keysOf(record.device).certificate()
        const input = joinInput(this.world.hash, this.world.log.recordHead, encodeCertificate(certificate))
        const linkSignature = keysOf(record.signedBy).sign(input)
        return {
          type: 'join',
          link: keysOf(record.link).id,
          certificate,
          linkSignature,
          wrap: WRAP,
          sealedName: NO_NAME,
        }
      }
      case 'revoke-link':
        return { type: 'revoke-link', link: keysOf(record.link).id, rotation: this.rotation(record.rotation) }
      case 'remove': {
        const devices = packDevices(record.devices.map((name) => keysOf(name).id))
        return { type: 'remove', devices, rotation: this.rotation(record.rotation) }
      }
      case 'epoch':
        return { type: 'epoch', rotation: this.rotation(record.rotation) }
      case 'rewrap': {
        const backLink = record.hasBackLink ? new Uint8Array(72) : null
        const wraps = packWraps(record.wraps.map((name) => [keysOf(name).id, WRAP]))
        return { type: 'rewrap', epoch: record.epoch, backLink, wraps }
      }
      default:
        throw new TypeError('no such record')
    }
  }

  take({ author, signedBy, isUponHead, epoch, record }: ModelEnvelope, seq: number): boolean {
    const { world } = this
    const envelope = world.make(keysOf(signedBy), this.fields(record), {
      device: keysOf(author).id,
      epoch,
      ...(!isUponHead && { recordPrev: new Uint8Array(32).fill(3) }),
    })
    return world.take(envelope, seq) === 'counts'
  }
}

const nameOf = (id: Bytes): string => nameById.get(String(id)) ?? '?'

function shapeOfLog({ members }: MemberLog): unknown {
  return {
    members: members.all.map(({ id, role, devices }) => [nameOf(id), role, ...devices.map((each) => nameOf(each.id))]),
    links: members.links.map(({ id, role, used, uses }) => [nameOf(id), role, used, uses]),
    epoch: members.epoch.epoch,
    isClosed: members.epoch.closedAt !== null,
    holders: members.holders,
  }
}

function shapeOfModel(model: MemberModel): unknown {
  return {
    members: model.members.map(({ name, role, devices }) => [name, role, ...devices]),
    links: model.links.map(({ name, role, used, uses }) => [name, role, used, uses]),
    epoch: model.epoch,
    isClosed: model.isClosed,
    holders: model.devices.length + model.links.length,
  }
}

describe('the log and a naive reading of SPEC', () => {
  const counted: Record<string, number> = {}
  const refused: Record<string, number> = {}

  it(
    '[KM10] [KM16] [KM17] [KM18] take the same records of any, and agree on who is there, and on who was at every place',
    { timeout: 3_600_000 },
    () => {
      fc.assert(
        fc.property(fc.array(stepArbitrary, { minLength: 1, maxLength: 60, size: 'max' }), (steps) => {
          const scribe = new Scribe()
          scribe.commitmentByName.set('k1', scribe.world.log.members.epoch.commitment)
          const model = new MemberModel('a', 'k1')
          const history: { seq: number; roles: readonly string[]; epoch: number; isClosed: boolean }[] = []
          let seq = 2
          for (const step of steps) {
            const roles = NAMES.map((name) => model.memberOf(name)?.role ?? 'none')
            history.push({ seq, roles, epoch: model.epoch, isClosed: model.isClosed })
            const envelope = envelopeOf(model, step)
            const taken = model.take(envelope)
            const tally = taken ? counted : refused
            tally[envelope.record.type] = (tally[envelope.record.type] ?? 0) + 1
            expect(scribe.take(envelope, seq)).toBe(taken)
            expect(shapeOfLog(scribe.world.log)).toEqual(shapeOfModel(model))
            // Entries that are no records stand in between.
            seq += 2
          }
          const { members } = scribe.world.log
          for (const { seq, roles, epoch, isClosed } of history) {
            expect(NAMES.map((name) => members.roleAt(keysOf(name).id, seq))).toEqual(roles)
            const at = members.epochAt(seq)
            expect([at?.epoch, at !== null && at.closedAt !== null && at.closedAt < seq]).toEqual([epoch, isClosed])
          }
          // Whoever has only the records that counted comes to the same.
          const again = new MemberLog(sodiumSha512, scribe.world.hash)
          for (const { seq, envelope } of scribe.world.taken) expect(again.take(envelope, seq).ok).toBe(true)
          expect(shapeOfLog(again)).toEqual(shapeOfLog(scribe.world.log))
          expect(again.recordHead).toEqual(scribe.world.log.recordHead)
          const replayed = new MemberLog(sodiumSha512, scribe.world.hash)
          for (const { seq, envelope } of scribe.world.taken) replayed.replay(envelope, seq)
          expect(shapeOfLog(replayed)).toEqual(shapeOfLog(scribe.world.log))
          expect(replayed.recordHead).toEqual(scribe.world.log.recordHead)
        }),
        { numRuns: fuzzRuns(250) },
      )
    },
  )

  it('[KM17] met each type of record often, counted and refused', () => {
    const types = ['add', 'role', 'link', 'join', 'revoke-link', 'remove', 'epoch', 'rewrap']
    const rare = types.filter((type) => Math.min(counted[type] ?? 0, refused[type] ?? 0) < 5)
    expect(rare).toEqual([])
  })
})
