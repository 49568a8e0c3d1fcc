/**
 * Which Yjs client ids are bound to this device, and which it has asked for. Nothing that bears an id leaves before its bind counts. Rules
 * CL2, CL5, KM15.
 *
 * @module
 */
import { encodeBind, equalBytes, hashFields, isAtLeast, sodiumSha512, Writer, type Bytes } from '@y-sealed/protocol'
import type { Device, Session } from '@y-sealed/protocol/sealing'
import type { DocumentAccess } from '../document/document-access.ts'
import type { DocumentLog } from '../log/document-log.ts'
import type { Inheritance } from '../yjs/reauthor-update.ts'

export interface BindsOptions {
  readonly access: DocumentAccess
  readonly device: Device
  readonly log: DocumentLog
  readonly session: () => Session
  /** The id under which the document is edited here. */
  readonly ownClient: () => number
  readonly maySeal: () => boolean
  /** Seals the content of a bind, and lets it leave. */
  readonly seal: (content: Bytes) => void
}

export class Binds {
  readonly #options: BindsOptions
  readonly #asked = new Set<number>()

  constructor(options: BindsOptions) {
    this.#options = options
  }

  /** Asks for `client` to be bound. True when it is. [CL2] */
  ensure(client: number): boolean {
    const { log, device, maySeal, ownClient } = this.#options
    const owner = log.state.deviceOf(client)
    if (owner !== null && !equalBytes(owner, device.id)) return false
    if (owner !== null && this.#isIntroduced()) return true
    // One that an earlier run has bound needs no bind of its own, but this session needs one.
    if (maySeal()) this.ask(owner === null ? client : ownClient())
    return false
  }

  /** As {@link ensure}, for all of them and for the session itself. */
  ensureAll(clients: readonly number[]): boolean {
    let bound = true
    for (const client of clients) bound = this.ensure(client) && bound
    if (!bound || this.#isIntroduced()) return bound
    this.ask(this.#options.ownClient())
    return false
  }

  /** The first of them that another device has; `null` for none. */
  takenAmong(clients: readonly number[]): number | null {
    const { log, device } = this.#options
    const isTaken = (client: number): boolean => !equalBytes(log.state.deviceOf(client) ?? device.id, device.id)
    return clients.find(isTaken) ?? null
  }

  /**
   * Who goes on for an id that another device has: the same each time, so that what was sealed so before a crash is known again. `null` for one
   * that nobody else has.
   */
  heirOf(client: number): Inheritance | null {
    if (this.takenAmong([client]) === null) return null
    let heir = client
    // Who knows an id can reckon its heir, and take that too.
    while (this.takenAmong([heir]) !== null) heir = this.#nextHeir(heir)
    return { client, clock: this.#options.log.state.clockOf(client), heir }
  }

  /** Seals a bind, once. */
  ask(client: number): void {
    if (this.#asked.has(client)) return
    this.#asked.add(client)
    const { access, device, session, seal } = this.#options
    const { id, counter } = session()
    const introduction = counter === 0 ? access.introduce(device, id) : null
    seal(encodeBind({ clientId: client, introduction }))
  }

  /** The log has it. */
  answered(client: number): void {
    this.#asked.delete(client)
  }

  /** Under a new session all are to be asked for again. */
  forget(): void {
    this.#asked.clear()
  }

  #nextHeir(client: number): number {
    const { access, device } = this.#options
    const number = new Writer(8).u64(client).finish()
    const hash = hashFields(sodiumSha512, 'y-sealed/v1/heir', access.documentId, device.id, number)
    return new DataView(hash.buffer).getUint32(0)
  }

  /** In `shared-key` mode nothing of a session counts before its first bind does. [KM15] */
  #isIntroduced(): boolean {
    const { log, device, session } = this.#options
    return isAtLeast(log.authority.roleAt(device.id, session().id, log.head.seq + 1), 'writer')
  }
}
