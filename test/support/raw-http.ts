/**
 * HTTP and WebSocket by hand over TLS, or without it: the bytes that a test gives, and the bytes that come back. Nothing is helped along.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectPlainly, type Socket } from 'node:net'
import { connect } from 'node:tls'
import { onTestFinished } from 'vitest'

export interface Address {
  readonly host: string
  readonly port: number
  readonly ca: string
  /** Address of this machine to come from. */
  readonly localAddress?: string
  /** Without TLS. */
  readonly isPlain?: boolean
}

/** What an HTTP answer says. */
export interface RawAnswer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  /** All header lines as they came. */
  readonly head: string
}

/** One connection that collects whatever comes. */
export class RawSocket {
  readonly socket: Socket
  /** Resolves when the relay has closed. */
  readonly ended: Promise<void>
  #received = Buffer.alloc(0)
  #wake: (() => void)[] = []
  #isEnded = false

  private constructor(socket: Socket) {
    this.socket = socket
    const wake = (): void => {
      for (const resume of this.#wake.splice(0)) resume()
    }
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      wake()
    })
    socket.on('error', () => {})
    this.ended = new Promise((resolve) => {
      socket.on('close', () => {
        this.#isEnded = true
        resolve()
        wake()
      })
    })
  }

  static async connect({ host, port, ca, localAddress, isPlain = false }: Address): Promise<RawSocket> {
    const from = localAddress === undefined ? {} : { localAddress }
    const socket = isPlain
      ? connectPlainly({ host, port, ...from })
      : connect({ host, port, ca, ALPNProtocols: ['http/1.1'], ...from })
    const raw = new RawSocket(socket)
    onTestFinished(() => void socket.destroy())
    await once(socket, isPlain ? 'connect' : 'secureConnect')
    return raw
  }

  get received(): Buffer {
    return this.#received
  }

  write(bytes: string | Uint8Array): void {
    this.socket.write(bytes)
  }

  /** Resolves when `isEnough` says so of what has come; rejects when the relay closes first. */
  async until(isEnough: (received: Buffer) => boolean): Promise<Buffer> {
    while (!isEnough(this.#received)) {
      if (this.#isEnded) throw new Error(`closed after ${this.#received.length} bytes`)
      await new Promise<void>((resolve) => this.#wake.push(resolve))
    }
    return this.#received
  }

  /** Takes the first `length` bytes away from what has come. */
  async take(length: number): Promise<Buffer> {
    await this.until((received) => received.length >= length)
    const taken = this.#received.subarray(0, length)
    this.#received = this.#received.subarray(length)
    return taken
  }

  /** The HTTP answer: header block, and body by its length. */
  async answer(): Promise<RawAnswer> {
    const received = await this.until((bytes) => bytes.includes('\r\n\r\n'))
    const end = received.indexOf('\r\n\r\n')
    const head = received.subarray(0, end).toString('latin1')
    const [line = '', ...lines] = head.split('\r\n')
    const headers = new Map(
      lines.map((text) => {
        const colon = text.indexOf(':')
        return [text.slice(0, colon).toLowerCase(), text.slice(colon + 1).trim()] as const
      }),
    )
    await this.take(end + 4)
    const body = await this.take(Number(headers.get('content-length') ?? 0))
    return { status: Number(line.split(' ')[1]), headers, body: body.toString('utf8'), head }
  }
}

/** Sends a request as it stands, and gives the answer. */
export async function sendRequest(address: Address, request: string | Uint8Array): Promise<RawAnswer> {
  const socket = await RawSocket.connect(address)
  socket.write(request)
  const answer = await socket.answer()
  socket.socket.destroy()
  return answer
}

export type HeaderLines = Readonly<Record<string, string | readonly string[] | null>>

/** An upgrade request that is good; `changes` replace a header, repeat it, or leave it out. */
export function upgradeRequest(
  token: string,
  changes: HeaderLines = {},
  { method = 'GET', path = '/sync' }: { readonly method?: string; readonly path?: string } = {},
): string {
  const headers: Record<string, string | readonly string[] | null> = {
    Host: 'relay.example',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    'Sec-WebSocket-Protocol': `y-sealed.v1, bearer.${token}`,
    ...changes,
  }
  const lines = Object.entries(headers).flatMap(([name, value]) => {
    if (value === null) return []
    return (typeof value === 'string' ? [value] : value).map((one) => `${name}: ${one}\r\n`)
  })
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}

/** A client's WebSocket frame (RFC 6455 §5.2), masked. `length` may lie. */
export function clientFrame(
  opcode: number,
  payload: Uint8Array,
  { fin = true, length = payload.length }: { readonly fin?: boolean; readonly length?: number } = {},
): Buffer {
  const mask = randomBytes(4)
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10)
  head[0] = (fin ? 0x80 : 0) | opcode
  if (length < 126) head[1] = 0x80 | length
  else if (length < 65_536) {
    head[1] = 0x80 | 126
    head.writeUInt16BE(length, 2)
  } else {
    head[1] = 0x80 | 127
    head.writeBigUInt64BE(BigInt(length), 2)
  }
  const masked = Buffer.from(payload)
  for (let i = 0; i < masked.length; i++) masked[i] = (masked[i] as number) ^ (mask[i & 3] as number)
  return Buffer.concat([head, mask, masked])
}

/** The next WebSocket frame of the relay. */
export async function nextServerFrame(
  socket: RawSocket,
): Promise<{ readonly opcode: number; readonly payload: Buffer }> {
  const head = await socket.take(2)
  const short = (head[1] as number) & 0x7f
  let length = short
  if (short === 126) length = (await socket.take(2)).readUInt16BE(0)
  if (short === 127) length = Number((await socket.take(8)).readBigUInt64BE(0))
  return { opcode: (head[0] as number) & 0x0f, payload: await socket.take(length) }
}

/** The code of the close frame that comes, other frames passed over. */
export async function nextCloseCode(socket: RawSocket): Promise<number> {
  for (;;) {
    const { opcode, payload } = await nextServerFrame(socket)
    if (opcode === 8) return payload.readUInt16BE(0)
  }
}
