/**
 * One run of an app on a device, which can end as a killed tab ends: between any two lines. Whatever it asks of its storage takes a turn of
 * the loop; once it is dead nothing more is stored, nothing is answered, and its sockets break off.
 *
 * @module
 */
import type { DeviceStorage, SocketConstructor } from '@y-sealed/client'

const NEVER = new Promise<never>(() => undefined)

type Method = (...parameters: unknown[]) => Promise<unknown>

export class Tab {
  readonly storage: DeviceStorage
  readonly WebSocket: SocketConstructor
  readonly whenDead: Promise<void>
  readonly #breakOff: (() => void)[] = []
  #isDead = false

  #die: () => void = () => undefined

  /** `device` is what outlasts it; `Base` the sockets of the platform. */
  constructor(device: DeviceStorage, Base: SocketConstructor) {
    this.whenDead = new Promise((resolve) => (this.#die = resolve))
    this.storage = {
      keys: this.#mortal(device.keys),
      outbox: this.#mortal(device.outbox),
      documents: this.#mortal(device.documents),
    }
    this.WebSocket = this.#mortalSocket(Base)
  }

  get isDead(): boolean {
    return this.#isDead
  }

  /** Without a word to anybody. */
  kill(): void {
    this.#isDead = true
    for (const end of this.#breakOff) end()
    this.#die()
  }

  #mortal<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const method = Reflect.get(target, name) as Method | undefined
        // What a store need not have: to be told of eviction.
        if (method === undefined) return undefined
        return async (...parameters: unknown[]): Promise<unknown> => {
          await new Promise((resolve) => setImmediate(resolve))
          if (this.#isDead) return await NEVER
          const result = await Reflect.apply(method, target, parameters)
          return this.#isDead ? await NEVER : result
        }
      },
    })
  }

  #mortalSocket(Base: SocketConstructor): SocketConstructor {
    const breakOff = this.#breakOff
    const isDead = (): boolean => this.#isDead
    class MortalSocket extends (Base as unknown as new (
      url: string,
      protocols: string[],
    ) => InstanceType<SocketConstructor> & {
      terminate(): void
    }) {
      constructor(url: string, protocols: string[]) {
        super(url, protocols)
        breakOff.push(() => this.terminate())
      }

      override send(data: Uint8Array<ArrayBuffer>): void {
        if (!isDead()) super.send(data)
      }
    }
    return MortalSocket
  }
}
