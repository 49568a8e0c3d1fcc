/**
 * People who write into one document while everything goes wrong: networks that come and go, tabs that are closed and killed, keys that
 * change, members who leave, a relay that lies for a while and is started anew. Each step is drawn from a seed.
 *
 * @module
 */
import { sharedKeyDocument } from '@y-sealed/client'
import { isZero, SyncError, type MemberRole } from '@y-sealed/protocol'
import { randomBytes } from '@y-sealed/protocol/sealing'
import { onTestFinished } from 'vitest'

import { startLyingRelay, type LyingRelay } from '../lying-relay.ts'
import type { Random } from '../random.ts'
import type { HonestRelay } from '../stage.ts'
import { fileDisk, memoryDisk, type Disk } from './disk.ts'
import { Ledger, type Edit } from './ledger.ts'
import { LIE_NAMES, tell } from './lies.ts'
import { MemberDoor, openRoom } from './openers.ts'
import { RelayLife } from './relay-life.ts'
import { Seat, type Opener } from './seat.ts'
import { tabDisks } from './shared-disk.ts'
import { listKinds, OF_MEMBERS, type Kind } from './things.ts'

export interface ChaosOptions {
  /** For what happens: the same steps for the same seed. */
  readonly random: Random
  /** For how it comes out, which depends on the moment. */
  readonly chance: Random
  readonly clients: number
  readonly mode: 'members' | 'shared-key'
  /** Pages freeze too, storages are full or thrown away, and clocks are set. */
  readonly isHarsh: boolean
  /** The relay goes back to older backups, logs are restarted, and devices have two tabs without Web Locks; all of it at a slower pace. */
  readonly isRestored?: boolean
}

const PROXIES = 3
/** Snapshots are made, and what lies behind them goes, while all this happens. */
const LIMITS = { soonEntries: 30, compactionPauseMs: 300, trimAgeMs: 1, trimIntervalMs: 250 }
/** One for each of them. */
const LAST_LIES = ['truncate', 'drop', 'reorder'] as const
/** A lie of the long form ends once so many messages have met it, or after so long: nobody may be there to hear it. */
const MET_BY = 8
const UNMET_MS = 1_500
/** More than one envelope holds. */
const PASTE = '-'.repeat(70_000)
/** Longer than a relay waits for a pong of these tests' clients, now and then; and than the first retry of a store that is full. */
const FROZEN_MS = 2_500
const FULL_MS = 1_500
/** Every clock is set, by up to so much either way. */
const CLOCK_MS = 7_200_000
/** Where the relay goes back, most of them are connected before so many more steps are taken, if that takes no longer than this. */
const STEPS_A_BREATH = 20
const BREATH_MS = 4_000
/** Where it is made for that, it is as old as this at most. */
const BACKUP_AGE_MS = 3_000
/** A newcomer begins to open from a snapshot within this, or is too late. */
const OPENING_MS = 1_500
/** What they have to give back they have given by then, or who may decides. */
const HEALING_MS = 25_000
const PEACE_MS = 240_000
const ADMINS = 3
const MOST_REMOVALS = 4
/** Why a change of members may be refused, with nothing wrong: somebody was faster, or is away. */
const HONEST_REFUSALS: ReadonlySet<string> = new Set([
  'OFFLINE',
  'FORBIDDEN',
  'REMOVED',
  'NOT_A_MEMBER',
  'UNKNOWN_MEMBER',
  'NEEDS_RESTORE',
])
/** Nothing is wrong with a link that opens nothing for these; it is tried again. */
const PASSING: ReadonlySet<string> = new Set(['OFFLINE', 'NEEDS_RESTORE'])
const LINK_IS_OVER = 'LINK_EXPIRED_OR_REVOKED'

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Who joins by a link gives up after a while, which a machine that has much to do may need, or those who have what the relay has lost. */
async function startAnyhow(seat: Seat): Promise<void> {
  for (;;) {
    try {
      return await seat.start()
    } catch (error) {
      if (!PASSING.has((error as { code?: string }).code ?? '')) throw error
    }
  }
}

const systemClock = Date.now

/** Of the relay, and of every device: they are one process. */
function setClocks(byMs: number): void {
  Date.now = () => systemClock() + byMs
}

export class Chaos {
  readonly seats: Seat[] = []
  readonly ledger = new Ledger<Seat>()
  /** How often each thing happened; of `lied`, messages, of the others that are no steps, how often it came to be. */
  readonly tally: Partial<
    Record<Kind | 'lied' | 'evicted' | 'removed' | 'arrived' | 'restored' | 'restarted' | 'opening', number>
  > = {}
  /** What nobody has reckoned with. */
  readonly surprises: unknown[] = []
  readonly door = new MemberDoor()
  readonly #options: ChaosOptions
  readonly #random: Random
  readonly #chance: Random
  readonly #kinds: readonly Kind[]
  readonly #open: Opener
  readonly #lying: LyingRelay[]
  readonly #life: RelayLife<ReadonlySet<Edit<Seat>>>
  #removals = 0
  #steps = 0
  /** Nobody changes who belongs to it: the relay is about to go back. */
  #membersStay = false
  /** What ends each lie that is told, and how many messages it has met. */
  readonly #endings = new Map<LyingRelay, { readonly met: number; readonly end: () => void }>()
  readonly #underWay = new Set<Promise<void>>()

  private constructor(options: ChaosOptions, lying: LyingRelay[], life: RelayLife<ReadonlySet<Edit<Seat>>>) {
    this.#options = options
    this.#random = options.random
    this.#chance = options.chance
    this.#kinds = listKinds(options.isHarsh, this.isRestored)
    this.#lying = lying
    this.#life = life
    const [key, room] = [randomBytes(32), `note ${crypto.randomUUID()}`]
    this.#open = options.mode === 'members' ? this.door.open : openRoom(() => sharedKeyDocument({ key, room }))
  }

  /** Everybody is there, and nothing has gone wrong yet. */
  static async begin(options: ChaosOptions): Promise<Chaos> {
    const lying = await Promise.all(Array.from({ length: PROXIES }, () => startLyingRelay()))
    const life = await RelayLife.begin<ReadonlySet<Edit<Seat>>>(lying, LIMITS)
    onTestFinished(() => void (Date.now = systemClock))
    const chaos = new Chaos(options, lying, life)
    const first = await chaos.#arrive()
    await first.provider?.whenSynced()
    await chaos.#invite(first, 'admin')
    for (let i = 1; i < ADMINS; i++) await chaos.#arrive()
    await chaos.#invite(first, 'writer')
    await Promise.all(Array.from({ length: options.clients - ADMINS }, () => chaos.#arrive()))
    return chaos
  }

  /** Where the relay keeps what it has. */
  get relay(): HonestRelay {
    return this.#life.relay
  }

  /** Relays went back: somebody may have seen two histories. */
  get isRestored(): boolean {
    return this.#options.isRestored === true
  }

  get #isOfMembers(): boolean {
    return this.#options.mode === 'members'
  }

  /** How much was done, and how far it had come. */
  get figures(): Readonly<Record<string, unknown>> {
    const [made, kept, saved] = (['made', 'kept', 'saved'] as const).map((stage) => this.ledger.count(stage))
    return { seats: this.seats.length, made, kept, saved, ...this.tally }
  }

  /** Those who belong to the document, by the word of whoever made it. */
  get members(): readonly Seat[] {
    if (!this.#isOfMembers) return this.seats
    const names = new Set(
      this.door
        .of(this.seats[0] as Seat)
        .members()
        .map(({ name }) => name),
    )
    return this.seats.filter(({ name }) => names.has(name))
  }

  async step(): Promise<void> {
    const kind = this.#pick(this.#kinds)
    if (OF_MEMBERS.has(kind) && (!this.#isOfMembers || this.#membersStay)) return
    if (this.isRestored && this.#steps++ % STEPS_A_BREATH === 0) await this.#breathe()
    this.#note(kind)
    const seat = this.#pick(this.seats)
    await this.#do(kind, seat)
    // A person types a few words before somebody else does something.
    if (kind !== 'type') return
    for (let words = this.#random(4); words > 0; words--) seat.type(this.#random(1_000) / 1_000)
    await pause(this.#random(12) * (this.isRestored ? 3 : 1))
  }

  /** Things happen to those who are there. */
  async #breathe(): Promise<void> {
    const [since, least] = [performance.now(), this.seats.length / 3]
    const isFew = (): boolean => this.seats.filter(({ provider }) => provider?.status === 'connected').length < least
    while (isFew() && performance.now() - since < BREATH_MS) await pause(20)
  }

  #do(kind: Kind, seat: Seat): void | Promise<void> {
    const share = this.#random(1_000) / 1_000
    switch (kind) {
      case 'type':
        return seat.type(share)
      case 'paste':
        return seat.type(share, PASTE)
      case 'strike':
        return seat.strike(share)
      case 'keep':
        return this.#run(seat.keep())
      case 'offline':
        return seat.provider?.disconnect()
      case 'online':
        return seat.isAway ? undefined : seat.provider?.connect()
      case 'reload':
        return this.#run(seat.reload())
      case 'kill':
        return this.#run(seat.kill())
      case 'start':
        return this.#run(this.#startSome())
      case 'lie':
        return this.#lieAnew(this.#pick(this.#lying), this.#pick(LIE_NAMES))
      case 'repent':
        return this.#repentOnceMet(this.#pick(this.#lying))
      case 'cut':
        return this.#pick(this.#lying).cut()
      case 'relay':
        return this.#run(this.#life.restart())
      case 'freeze':
        return this.#run(this.#freeze(seat))
      case 'full':
        return this.#run(this.#fill(seat))
      case 'evict':
        return seat.evict() ? this.#note('evicted') : undefined
      case 'clock':
        return setClocks(Math.round((2 * share - 1) * CLOCK_MS))
      case 'backup':
        return this.#run(this.#backUp())
      case 'restore':
        return this.#membersStay ? undefined : this.#run(this.#restore(seat))
      case 'restart':
        return this.#run(this.#restartLog())
      case 'wipe':
        return seat.canBeWiped ? this.#run(seat.wipe()) : undefined
      case 'rotate':
        return this.#run(this.#ofAdmin((admin) => this.door.of(admin).rotate()))
      case 'remove':
        return this.#run(this.#ofAdmin((admin) => this.#remove(admin)))
      case 'come':
        return this.#run(this.#ofAdmin((admin) => this.#come(admin)))
    }
  }

  /**
   * All that was under way ends, and everybody comes back. Then they are lied to once more, somebody leaves and somebody comes. Whoever was shown
   * too little has nothing but the truth to make that good; what was swallowed is sent again on another socket.
   */
  async settle(): Promise<void> {
    for (const lying of this.#lying) this.#repent(lying, true)
    while (this.#underWay.size > 0) {
      for (const seat of this.seats) this.#run(this.#comeBack(seat))
      await Promise.race([Promise.all(this.#underWay), pause(HEALING_MS)])
      // Who waits to be let in may wait for this.
      if (this.isRestored && this.#underWay.size > 0) await this.#restartLog()
    }
    for (const seat of this.seats) await this.#comeBack(seat)
    const [first] = this.seats as [Seat]
    if (this.isRestored) await this.#makePeace()
    await first.provider?.whenSynced()
    for (const [index, lying] of this.#lying.entries()) this.#lie(lying, LAST_LIES[index] as string)
    for (const seat of this.seats) seat.type(1)
    await pause(300)
    for (const [index, lying] of this.#lying.entries()) this.#repent(lying, index > 0)
    if (this.#isOfMembers) {
      this.#removals = 0
      await this.#remove(first)
      await this.#come(first)
    }
    // By then whoever was told less than there is has heard of something behind it.
    for (const seat of this.seats) seat.type(0)
  }

  /** From now on there is no relay for anybody. */
  endRelay(): void {
    this.#life.end()
  }

  async #comeBack(seat: Seat): Promise<void> {
    try {
      await startAnyhow(seat)
    } catch (error) {
      // Their link was taken back before they came.
      if ((error as { code?: string }).code !== LINK_IS_OVER) throw error
    }
    const { provider } = seat
    if (seat.isAway || provider === null || provider.status === 'connected') return
    // It looks again by itself.
    if (seat.hasLeft) return provider.connect()
    // Whoever has failed to dial for long waits long: now they need not.
    provider.disconnect()
    provider.connect()
  }

  #pick<Item>(items: readonly Item[], random: Random = this.#random): Item {
    return items[random(items.length)] as Item
  }

  /** Nobody waits for it, and it may be refused. */
  #run(work: Promise<void>): void {
    const done = work.catch((error: unknown) => {
      const code = (error as { code?: string }).code ?? String(error)
      if (!HONEST_REFUSALS.has(code) && code !== LINK_IS_OVER) this.surprises.push(error)
    })
    const tracked = done.then(() => void this.#underWay.delete(tracked))
    this.#underWay.add(tracked)
  }

  async #arrive(): Promise<Seat> {
    const number = this.seats.length
    const lying = this.#lying[number % PROXIES] as LyingRelay
    const name = `seat ${number}`
    const sit = async (disk: Disk): Promise<Seat> => {
      const seat = new Seat(name, lying, disk, this.ledger, this.#open)
      this.seats.push(seat)
      await startAnyhow(seat)
      return seat
    }
    if (!this.isRestored || number % 5 !== 3) return await sit(number % 5 === 4 ? fileDisk() : memoryDisk())
    const [one, other] = tabDisks(2) as [Disk, Disk]
    const seat = await sit(one)
    await sit(other)
    return seat
  }

  async #startSome(): Promise<void> {
    const closed = this.seats.filter(({ provider }) => provider === null)
    if (closed.length > 0) await this.#pick(closed, this.#chance).start()
  }

  async #freeze(seat: Seat): Promise<void> {
    const thaw = seat.freeze()
    await pause(this.#chance(FROZEN_MS))
    thaw()
  }

  async #fill(seat: Seat): Promise<void> {
    const makeRoom = seat.fill()
    await pause(this.#chance(FULL_MS))
    makeRoom()
  }

  async #lieAnew(lying: LyingRelay, name: string): Promise<void> {
    await this.#whenMet(lying)
    this.#lie(lying, name)
  }

  async #repentOnceMet(lying: LyingRelay): Promise<void> {
    await this.#whenMet(lying)
    this.#repent(lying)
  }

  /** In the long form steps are over in less time than a message takes: a lie lasts until some have met it, and people write meanwhile. */
  async #whenMet(lying: LyingRelay): Promise<void> {
    const since = performance.now()
    const met = (): number => this.#endings.get(lying)?.met ?? Infinity
    while (this.#options.isHarsh && met() < MET_BY && performance.now() - since < UNMET_MS) {
      const there = this.seats.filter((seat) => seat.lying === lying && seat.provider?.status === 'connected')
      if (there.length > 0) this.#pick(there, this.#chance).type(this.#chance(1_000) / 1_000)
      await pause(20)
    }
  }

  #lie(lying: LyingRelay, name: string): void {
    this.#repent(lying)
    const episode = { met: 0, end: (): void => undefined }
    episode.end = tell(lying, name, this.#chance, () => {
      episode.met += 1
      this.#note('lied')
    })
    this.#endings.set(lying, episode)
  }

  #repent(lying: LyingRelay, cuts: boolean = this.#chance(2) === 0): void {
    this.#endings.get(lying)?.end()
    this.#endings.delete(lying)
    if (cuts) lying.cut()
  }

  #backUp(): Promise<void> {
    return this.#life.backUp(() => this.ledger.listSaved())
  }

  /** The relay goes back to a backup, and at times while somebody opens the document from nothing, in the moment in which it names a snapshot. */
  async #restore(seat: Seat): Promise<void> {
    this.#membersStay = true
    if (this.#chance(3) > 0) {
      await this.#backUp()
      await pause(this.#chance(BACKUP_AGE_MS))
    }
    if (seat.canBeWiped && this.#chance(2) === 0) {
      await seat.wipe()
      const { lying } = seat
      const { toClient } = lying
      const isOpening = new Promise<boolean>((resolve) => {
        lying.toClient = (frame, message, link) => {
          if (frame?.type === 'opened' && !isZero(frame.snapshotId)) resolve(true)
          return toClient(frame, message, link)
        }
      })
      this.#run(seat.start())
      if (await Promise.race([isOpening, pause(OPENING_MS).then(() => false)])) this.#note('opening')
    }
    await this.#life.goBack((saved) => {
      this.ledger.takeBack(saved)
      this.#note('restored')
    })
    this.#membersStay = false
  }

  /** Somebody who may gives up what the relay lacks, where that is known to them. */
  async #restartLog(): Promise<void> {
    const able = this.#isOfMembers ? this.seats.slice(0, ADMINS) : this.seats
    const fallen = able.filter(({ provider }) => provider?.syncStatus.kind === 'rolled-back')
    const provider = fallen.length === 0 ? null : this.#pick(fallen, this.#chance).provider
    if (provider === null) return
    this.#note('restarted')
    await Promise.race([provider.restartLog().catch(expectLeft), pause(BREATH_MS)])
  }

  /** Whoever does not believe the relay any more comes to do so: by what others give back, by a restart, by looking again, or in another run. */
  async #makePeace(): Promise<void> {
    const since = performance.now()
    const isOver = (): boolean => this.members.every((seat) => seat.isAway || seat.provider?.synced === true)
    while (!isOver() && performance.now() - since < HEALING_MS) await pause(100)
    while (!isOver() && performance.now() - since < PEACE_MS) {
      // Whom the relay takes nothing from, for what another was shown, hears of it by writing.
      this.seats[0]?.type(1)
      await this.#restartLog()
      for (let i = 0; i < 120 && !isOver(); i++) await pause(100)
      // They would look again within five minutes.
      const apart = this.seats.filter(({ hasLeft }) => hasLeft)
      if (apart.length > 0) await this.#pick(apart, this.#chance).reload()
    }
  }

  async #invite(by: Seat, role: MemberRole): Promise<void> {
    if (this.#isOfMembers) this.door.link = await this.door.of(by).invite({ role })
  }

  /** By one of the admins who have the document open. */
  async #ofAdmin(change: (admin: Seat) => Promise<void>): Promise<void> {
    const admins = this.seats.slice(0, ADMINS).filter(({ isAway }) => !isAway)
    if (admins.length > 0) await change(this.#pick(admins, this.#chance))
  }

  async #remove(admin: Seat): Promise<void> {
    if (this.#removals++ >= MOST_REMOVALS) return
    const document = this.door.of(admin)
    const others = document.members().filter(({ role }) => role === 'writer')
    if (others.length === 0) return
    await document.remove(this.#pick(others, this.#chance).id)
    this.#note('removed')
  }

  /** Somebody new, while all this goes on. */
  async #come(admin: Seat): Promise<void> {
    await this.#invite(admin, 'writer')
    await this.#arrive()
    this.#note('arrived')
  }

  #note(what: keyof Chaos['tally']): void {
    this.tally[what] = (this.tally[what] ?? 0) + 1
  }
}

/** Why a log is not restarted after all: the device is away again, or has left the relay again, or may not any more. */
function expectLeft(error: unknown): void {
  if (!(error instanceof SyncError)) throw error
}
