/**
 * A WebSocket client that costs the load generator as little as possible: what is sent in one turn leaves in one write, and messages are
 * views of what was received. It trusts its server: no test of the protocol is made with it.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, type SecureContext } from 'node:tls'

export interface LeanSocketOptions {
  readonly port: number
  readonly path: string
  readonly protocols?: string
  /** TLS with the authorities of this context; plaintext without. */
  readonly secureContext?: SecureContext
  /** Takes each message, text or binary; the bytes are good until it returns. */
  readonly onMessage: (message: Buffer) => void
  readonly onClose?: (code: number) => void
}

const OPCODE = { continuation: 0, close: 8, ping: 9, pong: 10 } as const

export class LeanSocket {
  readonly #socket: Socket
  readonly #onMessage: (message: Buffer) => void
  readonly #onClose: (code: number) => void
  readonly #mask = randomBytes(4)
  #rest: Buffer = Buffer.alloc(0)
  #queue: Buffer[] = []
  /** Bytes of WebSocket frames, their headers included, without TLS. */
  bytesSent = 0
  bytesReceived = 0

  private constructor(socket: Socket, options: LeanSocketOptions) {
    this.#socket = socket
    this.#onMessage = options.onMessage
    this.#onClose = options.onClose ?? ((): void => {})
    socket.on('close', () => this.#onClose(1006))
    socket.on('error', () => {})
  }

  /** Resolves when the server has taken the upgrade; rejects with the first line of its answer when it has not. */
  static async open(options: LeanSocketOptions): Promise<LeanSocket> {
    const { port, path, protocols, secureContext } = options
    const address = { host: '127.0.0.1', port }
    const socket = secureContext
      ? connectTls({ ...address, servername: 'localhost', secureContext })
      : connectTcp(address)
    socket.setNoDelay(true)
    const head = [
      `GET ${path} HTTP/1.1`,
      `Host: localhost:${port}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
      ...(protocols === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocols}`]),
    ]
    return new Promise((resolve, reject) => {
      let answer = Buffer.alloc(0)
      const fail = (error: Error): void => reject(error)
      socket.once('error', fail)
      socket.once(secureContext ? 'secureConnect' : 'connect', () => socket.write(`${head.join('\r\n')}\r\n\r\n`))
      const onData = (chunk: Buffer): void => {
        answer = Buffer.concat([answer, chunk])
        const end = answer.indexOf('\r\n\r\n')
        if (end < 0) return
        socket.off('data', onData).off('error', fail)
        const line = answer.subarray(0, answer.indexOf('\r\n')).toString()
        if (!line.includes(' 101 ')) {
          socket.destroy()
          reject(new Error(`no upgrade: ${line}`))
          return
        }
        const lean = new LeanSocket(socket, options)
        socket.on('data', (data: Buffer) => lean.#read(data))
        const first = answer.subarray(end + 4)
        if (first.length > 0) setImmediate(() => lean.#read(first))
        resolve(lean)
      }
      socket.on('data', onData)
    })
  }

  /** Sends a binary message at the end of this turn. */
  send(payload: Uint8Array): void {
    this.#queue.push(this.#frame(0x82, payload))
    if (this.#queue.length === 1) setImmediate(() => this.#flush())
  }

  close(): void {
    this.#socket.destroy()
  }

  #flush(): void {
    const queue = this.#queue
    this.#queue = []
    const bytes = queue.length === 1 ? (queue[0] as Buffer) : Buffer.concat(queue)
    this.bytesSent += bytes.length
    if (!this.#socket.destroyed) this.#socket.write(bytes)
  }

  /** A masked frame (RFC 6455 §5.3): the same mask throughout, for it protects nobody here. */
  #frame(first: number, payload: Uint8Array): Buffer {
    const { length } = payload
    const header = length < 126 ? 6 : length < 65_536 ? 8 : 14
    const out = Buffer.allocUnsafe(header + length)
    out[0] = first
    if (length < 126) out[1] = 0x80 | length
    else if (length < 65_536) {
      out[1] = 0xfe
      out.writeUInt16BE(length, 2)
    } else {
      out[1] = 0xff
      out.writeBigUInt64BE(BigInt(length), 2)
    }
    out.set(this.#mask, header - 4)
    for (let i = 0; i < length; i++) out[header + i] = (payload[i] as number) ^ (this.#mask[i & 3] as number)
    return out
  }

  #read(chunk: Buffer): void {
    this.bytesReceived += chunk.length
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    while (data.length - at >= 2) {
      const short = (data[at + 1] as number) & 0x7f
      const header = short < 126 ? 2 : short === 126 ? 4 : 10
      if (data.length - at < header) break
      const length =
        short < 126 ? short : short === 126 ? data.readUInt16BE(at + 2) : Number(data.readBigUInt64BE(at + 2))
      if (data.length - at < header + length) break
      this.#take((data[at] as number) & 0x0f, data.subarray(at + header, at + header + length))
      at += header + length
    }
    this.#rest = at === data.length ? Buffer.alloc(0) : data.subarray(at)
  }

  #take(opcode: number, payload: Buffer): void {
    if (opcode === OPCODE.ping) this.#socket.write(this.#frame(0x80 | OPCODE.pong, payload))
    else if (opcode === OPCODE.close) this.#onClose(payload.length >= 2 ? payload.readUInt16BE(0) : 1005)
    else if (opcode === OPCODE.continuation) throw new Error('fragments are not expected')
    else if (opcode !== OPCODE.pong) this.#onMessage(payload)
  }
}
