/**
 * One run of an app on a device, which can end as a killed tab ends: between any two lines. Whatever it asks of its storage takes a turn of
 * the loop; once it is dead nothing more is stored, nothing is answered, and its sockets break off. Until then it can be frozen, as a page in the
 * background is, and its storage can be full.
 *
 * @module
 */
import type { DeviceStorage, DocumentStore, SocketConstructor } from '@y-sealed/client'
import { SyncError } from '@y-sealed/protocol'

const NEVER = new Promise<never>(() => undefined)
/** What a full storage refuses. */
const WRITES: ReadonlySet<string | symbol> = new Set(['put', 'append', 'putSnapshot'])
const OPEN = 1

type Method = (...parameters: unknown[]) => Promise<unknown>
type Evicted = Parameters<NonNullable<DocumentStore['onEvicted']>>[0]
/** As `ws` has it: every event goes this way. */
type EmittingSocket = new (
  url: string,
  protocols: string[],
) => InstanceType<SocketConstructor> & {
  emit(event: string, ...parameters: unknown[]): boolean
  terminate(): void
}

export class Tab {
  readonly storage: DeviceStorage
  readonly WebSocket: SocketConstructor
  readonly whenDead: Promise<void>
  readonly #breakOff: (() => void)[] = []
  #isDead = false
  /** Nothing comes, goes or is answered until it thaws. */
  #frozen: { readonly whenThawed: Promise<void>; readonly waiting: (() => void)[]; readonly thaw: () => void } | null =
    null
  #isFull = false

  #die: () => void = () => undefined

  /** `device` is what outlasts it; `Base` the sockets of the platform. */
  constructor(device: DeviceStorage, Base: SocketConstructor) {
    this.whenDead = new Promise((resolve) => (this.#die = resolve))
    this.storage = {
      keys: this.#mortal(device.keys, false),
      outbox: this.#mortal(device.outbox, true),
      documents: this.#mortal(device.documents, true),
    }
    this.WebSocket = this.#mortalSocket(Base)
  }

  get isDead(): boolean {
    return this.#isDead
  }

  get isFrozen(): boolean {
    return this.#frozen !== null
  }

  /** Without a word to anybody. */
  kill(): void {
    this.#isDead = true
    for (const end of this.#breakOff) end()
    this.#die()
  }

  /** What its sockets and its storage say waits for {@link Tab.thaw}, and so does what it says. */
  freeze(): void {
    if (this.#frozen !== null) return
    let thaw = (): void => undefined
    const whenThawed = new Promise<void>((resolve) => (thaw = resolve))
    this.#frozen = { whenThawed, waiting: [], thaw }
  }

  thaw(): void {
    const frozen = this.#frozen
    this.#frozen = null
    for (const go of frozen?.waiting ?? []) go()
    frozen?.thaw()
  }

  /** Whether what it stores is refused. */
  setFull(isFull: boolean): void {
    this.#isFull = isFull
  }

  #mortal<Port extends object>(port: Port, fills: boolean): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const method = Reflect.get(target, name) as Method | undefined
        // What a store need not have: to be told of eviction.
        if (method === undefined) return undefined
        if (name === 'onEvicted') {
          return (tell: Evicted) => Reflect.apply(method, target, [(done: Promise<void>) => this.#isDead || tell(done)])
        }
        return async (...parameters: unknown[]): Promise<unknown> => {
          await this.#turn()
          if (fills && this.#isFull && WRITES.has(name)) throw new SyncError('STORAGE_FULL', 'there is no room left')
          const result = await Reflect.apply(method, target, parameters)
          await this.#frozen?.whenThawed
          return this.#isDead ? await NEVER : result
        }
      },
    })
  }

  /** The storage is asked a moment later, where anybody still asks. */
  async #turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    await this.#frozen?.whenThawed
    if (this.#isDead) await NEVER
  }

  /** Now, or when it thaws, in order. */
  #pass(go: () => void): void {
    if (this.#frozen === null) go()
    else this.#frozen.waiting.push(go)
  }

  #mortalSocket(Base: SocketConstructor): SocketConstructor {
    const breakOff = this.#breakOff
    const isDead = (): boolean => this.#isDead
    const pass = (go: () => void): void => this.#pass(go)
    class MortalSocket extends (Base as unknown as EmittingSocket) {
      constructor(url: string, protocols: string[]) {
        super(url, protocols)
        breakOff.push(() => this.terminate())
      }

      override emit(event: string, ...parameters: unknown[]): boolean {
        pass(() => super.emit(event, ...parameters))
        return true
      }

      override send(data: Uint8Array<ArrayBuffer>): void {
        pass(() => {
          if (!isDead() && this.readyState === OPEN) super.send(data)
        })
      }
    }
    return MortalSocket
  }
}
