/**
 * Whatever people do to a document and to each other, in whatever order, on- and offline: those who are members in the end see one list, one
 * epoch and one text, and who was removed opens nothing that was sealed after it.
 */
import { HeadKeyPin, RelayConnection, type KeyStore } from '@y-sealed/client'
import { Envelope, KIND, type Bytes, type MemberRole, type SignedHead } from '@y-sealed/protocol'
import { randomBytes } from '@y-sealed/protocol/sealing'
import { describe, expect, it } from 'vitest'

import { joinByLink } from '../../client/links/join-by-link.ts'
import { linkDevice } from '../../client/links/link-device.ts'
import { makeLink } from '../../client/members/intents/link.ts'
import { fuzzRuns } from '../support/fuzz-runs.ts'
import { CoreRelay } from '../support/members/core-relay.ts'
import { opensWith } from '../support/members/hostile-scene.ts'
import { converge, createNewcomer, Team, until, type Teammate } from '../support/members/team.ts'
import { createRandom, type Random } from '../support/random.ts'

const STEPS = 30
const MOST_DEVICES = 7
const ROLES: readonly MemberRole[] = ['reader', 'writer', 'writer', 'admin']

/** Why a change may be refused, with nothing wrong: somebody was faster, or it is not theirs to make. */
const HONEST_REFUSALS = new Set([
  'FORBIDDEN',
  'LAST_ADMIN',
  'UNKNOWN_MEMBER',
  'ALREADY_A_MEMBER',
  'NOT_OWN_DEVICE',
  'OFFLINE',
  'REMOVED',
  'KEY_MISSING',
  'NOT_A_MEMBER',
  'LINK_EXPIRED_OR_REVOKED',
])

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A link that somebody made, and has told everybody. */
interface KnownLink {
  readonly seed: Bytes
  readonly head: SignedHead
}

class Chaos {
  readonly #random: Random
  readonly #relay: CoreRelay
  readonly #links: KnownLink[] = []
  readonly #team: Team
  readonly people: Teammate[]
  readonly #changes: Promise<unknown>[] = []
  readonly surprises: unknown[] = []
  readonly saved: string[] = []
  readonly tally: Record<string, number> = {}
  #words = 0

  constructor(relay: CoreRelay, team: Team, random: Random) {
    this.#relay = relay
    this.#random = random
    this.#team = team
    this.people = [team.alice]
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#random(items.length)] as Item
  }

  /** A device that has not been told that it is out. */
  #someone(): Teammate | undefined {
    return this.#pick(this.people.filter(({ closings }) => closings.length === 0))
  }

  async step(): Promise<void> {
    const actor = this.#someone()
    // All whom we know are out; whoever let in last is on their way.
    if (actor === undefined) return pause(20)
    const other = this.#pick(this.people)
    const kinds = [
      'type',
      'type',
      'type',
      'come',
      'link',
      'join',
      'join',
      'pair',
      'role',
      'role',
      'remove',
      'drop',
      'rotate',
      'leave',
      'offline',
      'online',
      'cut',
      'restart',
    ]
    const kind = this.#pick(kinds)
    this.tally[kind] = (this.tally[kind] ?? 0) + 1
    switch (kind) {
      case 'type':
        return this.#type(actor)
      case 'come':
      case 'pair':
        return this.#come(actor, kind)
      case 'link':
        return this.#try(this.#link(actor))
      case 'join':
        return this.#join()
      case 'role':
        return this.#try(actor.setRole(other, this.#pick(ROLES)))
      case 'remove':
        return this.#try(actor.remove(other))
      case 'drop':
        return this.#try(actor.removeDevice(other.device))
      case 'rotate':
        return this.#try(actor.rotate())
      case 'leave':
        return this.#random(3) === 0 ? this.#try(actor.leave()) : undefined
      case 'offline':
        return actor.goOffline()
      case 'cut':
        return this.#relay.cut()
      case 'restart':
        return this.#restart(actor)
      default:
        for (const each of this.people) if (each.closings.length === 0) each.peer.provider.connect()
    }
  }

  #type(actor: Teammate): void {
    if (actor.peer.provider.readOnly) return
    const word = String.fromCodePoint(0x4e00 + this.#words++)
    const { length } = actor.text
    actor.peer.text.insert(this.#random(length + 1), word)
    void actor.peer.provider.whenSaved().then(() => {
      if (actor.closings.length === 0) this.saved.push(word)
    })
  }

  async #come(by: Teammate, kind: string): Promise<void> {
    if (this.people.length >= MOST_DEVICES || by.peer.provider.status !== 'connected') return
    const { keys, device } = await createNewcomer()
    const added = kind === 'pair' ? by.sponsor(device) : by.add(device, this.#pick(ROLES))
    this.#changes.push(
      this.#settle(added).then(async (record) => {
        if (record) await this.#arrive(keys)
      }),
    )
    // Mostly it is done at once; whoever asks may be cut off by now, and then it takes as long as that does.
    await Promise.race([added.catch(() => undefined), pause(100)])
  }

  async #arrive(keys: KeyStore): Promise<void> {
    const newcomer = await this.#team.join(keys, { provider: { connect: false } })
    this.people.push(newcomer)
    newcomer.peer.provider.connect()
  }

  /** The device is switched off and on: what is left is what its KeyStore has. */
  async #restart(whom: Teammate): Promise<void> {
    await whom.membership.whenStored()
    const again = await this.#team.restart(whom)
    this.people[this.people.indexOf(whom)] = again
  }

  async #link(by: Teammate): Promise<void> {
    const seed = randomBytes(32)
    const head = by.peer.provider.signedHead
    const terms = { role: this.#pick(ROLES), expiresAt: 0, uses: this.#random(3), name: '' }
    await by.change(makeLink(linkDevice(seed), terms))
    if (head !== null) this.#links.push({ seed, head })
  }

  /** Somebody new opens one of the links, whatever has become of it. */
  async #join(): Promise<void> {
    if (this.people.length >= MOST_DEVICES || this.#links.length === 0) return
    const { seed, head } = this.#pick(this.#links)
    const { keys, device } = await createNewcomer()
    const { headKey, socket } = this.#relay
    const keysOfLink = linkDevice(seed)
    const connection = new RelayConnection({
      url: 'wss://relay.example',
      device: keysOfLink,
      token: () => Promise.resolve('a.b.c'),
      WebSocket: socket,
      headKeyPin: new HeadKeyPin({ known: headKey }),
    })
    const link = { genesisHash: this.#team.alice.membership.genesisHash, seed, headKey, head }
    const joined = joinByLink({ link, linkDevice: keysOfLink, connection, device, name: null, timeoutMs: 5_000 })
    this.#changes.push(
      this.#settle(joined).then(async (result) => {
        if (result === undefined) return
        this.tally['joined'] = (this.tally['joined'] ?? 0) + 1
        await this.#arrive(keys)
      }),
    )
    await Promise.race([joined.catch(() => undefined), pause(100)])
  }

  #try(change: Promise<unknown>): void {
    this.#changes.push(this.#settle(change))
  }

  async #settle<Result>(change: Promise<Result>): Promise<Result | undefined> {
    try {
      return await change
    } catch (error) {
      const code = (error as { code?: string }).code ?? String(error)
      if (!HONEST_REFUSALS.has(code)) this.surprises.push(error)
      return undefined
    }
  }

  /** Everybody is back, and nothing is under way. */
  async settle(): Promise<readonly Teammate[]> {
    for (const each of this.people) if (each.closings.length === 0) each.peer.provider.connect()
    await Promise.all(this.#changes)
    const present = (): readonly Teammate[] => {
      const heads = this.people.filter(({ closings }) => closings.length === 0)
      return heads.filter(({ membership, peer }) => peer.provider.synced && membership.role !== 'none')
    }
    await until(
      () => {
        const here = present()
        const open = this.people.filter(({ closings }) => closings.length === 0)
        const isQuiet = here.every(({ peer }) => peer.provider.unsyncedChanges === 0 || peer.provider.readOnly)
        return (
          here.length === open.length &&
          isQuiet &&
          here.every(({ membership }) => !membership.isClosed || !hasWriter(here))
        )
      },
      () => this.complaint(),
    )
    return present()
  }

  complaint(): string {
    return this.people
      .map(({ membership, closings, peer, problems, reports }) =>
        JSON.stringify([
          peer.provider.readOnly,
          peer.provider.status,
          peer.provider.head.seq,
          membership.recordSeq,
          membership.role,
          membership.isClosed,
          closings,
          peer.provider.synced,
          peer.provider.unsyncedChanges,
          problems,
          reports,
        ]),
      )
      .join('\n')
  }
}

function hasWriter(people: readonly Teammate[]): boolean {
  return people.some(({ membership }) => membership.role !== 'reader')
}

async function play(seed: number): Promise<Record<string, number>> {
  const random = createRandom(seed)
  const relay = await CoreRelay.start()
  const team = await Team.prepare(relay.socket, ({ documentId }) => {
    relay.document = documentId
  })
  const chaos = new Chaos(relay, team, random)
  for (let step = 0; step < STEPS; step++) {
    await chaos.step()
    // Mostly several things are under way at once.
    if (random(3) === 0) await pause(random(6))
  }
  const present = await chaos.settle()
  // Who was made a reader may have typed before they knew: that waits until they are given the pen again.
  const admin = present.find(({ membership }) => membership.role === 'admin') as Teammate
  for (const each of present) if (each.membership.role === 'reader') await admin.setRole(each, 'writer')
  await until(
    () => present.every(({ peer }) => !peer.provider.readOnly),
    () => chaos.complaint(),
  )
  await Promise.all(present.map(({ peer }) => peer.provider.whenSaved()))
  expect(chaos.surprises).toEqual([])
  const text = await converge(...present)
  for (const word of chaos.saved) expect(text).toContain(word)
  expect(present.flatMap(({ reports }) => reports)).toEqual([])
  await expectClosed(relay, chaos.people, present[0] as Teammate)
  for (const { peer } of chaos.people) peer.close()
  return { ...chaos.tally, removed: chaos.people.length - present.length, epochs: (present[0] as Teammate).epoch }
}

/** Nothing sealed after a device went opens with a key that it ever had. */
async function expectClosed(relay: CoreRelay, people: readonly Teammate[], witness: Teammate): Promise<void> {
  const entries = await storedEntries(relay)
  const { members } = witness.membership
  for (const { membership, device } of people) {
    const keys = membership.members.epochs.flatMap(({ epoch }) => membership.keyOf(epoch)?.exportKey() ?? [])
    const after = entries.filter(({ seq, envelope }) => {
      const wasThere = members.roleAt(device.id, seq) === 'none' && members.certificateAt(device.id, seq) !== null
      return wasThere && (envelope.kind === KIND.update || envelope.kind === KIND.bind)
    })
    const opened = after.filter(({ envelope }) => keys.some((key) => opensWith(key, envelope)))
    expect(opened).toEqual([])
  }
}

async function storedEntries({ store, document }: CoreRelay): Promise<readonly { seq: number; envelope: Envelope }[]> {
  const page = await store.read(document, 0, { entries: 1e6, bytes: 1e9 })
  return page.map(({ seq, envelope }) => ({ seq, envelope: new Envelope(envelope) }))
}

describe('whatever happens', () => {
  const RUNS = fuzzRuns(20)

  it(
    `[KM16] [KM18] [KM19] [CL10] [CL1] members agree and the removed are out (${RUNS} runs of ${STEPS} steps)`,
    { timeout: 3_600_000 },
    async () => {
      const totals: Record<string, number> = {}
      const rare = (): readonly string[] =>
        ['come', 'pair', 'role', 'remove', 'drop', 'rotate', 'leave', 'removed', 'joined'].filter(
          (kind) => !totals[kind],
        )
      // What is seldom on a slow machine, a link that is opened in time say, is given more runs.
      for (let seed = 1; seed <= RUNS || (rare().length > 0 && seed <= 5 * RUNS); seed++) {
        const tally = await play(seed).catch((error: unknown) => {
          throw new Error(`seed ${seed}`, { cause: error })
        })
        for (const [kind, count] of Object.entries(tally)) totals[kind] = (totals[kind] ?? 0) + count
      }
      expect(rare()).toEqual([])
    },
  )
})
