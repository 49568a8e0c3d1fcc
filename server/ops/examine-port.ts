/**
 * What `doctor` asks of the port: free, our relay, or somebody else.
 *
 * @module
 */
import { SOCKET_PATH } from '@y-sealed/protocol'
import { once } from 'node:events'
import { request as requestPlainly, type IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { createServer } from 'node:net'
import { rootCertificates } from 'node:tls'

import { fail, fine, warn, type Finding } from './finding.ts'
import { isAnyHost, isLoopbackHost } from './host-name.ts'

export interface PortQuestion {
  readonly host: string
  readonly port: number
  /** Does the relay speak plain HTTP there? */
  readonly isPlaintext: boolean
  /** The name that clients dial, which the certificate must bear. */
  readonly serverName: string
  /** Authorities to trust besides the public ones. */
  readonly authorities: readonly string[]
}

const ANSWER_MS = 3_000

/** Tries to listen; where somebody does already, asks who. */
export async function examinePort(question: PortQuestion): Promise<Finding> {
  const { host, port } = question
  const code = await tryToListen(host, port)
  const where = `port ${port} on ${host}`
  if (code === null) return fine('port', `${where} is free`)
  if (code === 'EACCES') {
    return fail(
      'port',
      `${where} needs rights that you have not`,
      'choose a port above 1023, or give the service CAP_NET_BIND_SERVICE as deploy/y-sealed-relay.service does',
    )
  }
  if (code === 'EADDRNOTAVAIL') {
    return fail(
      'port',
      `this machine has no address ${host}`,
      'give one that it has with --host; 0.0.0.0 is all of them',
    )
  }
  if (code !== 'EADDRINUSE') return fail('port', `${where} cannot be listened on (${code})`, 'choose another')
  const answer = await ask(question)
  if (answer === 'relay') return fine('port', `our relay answers on ${where}`)
  if (answer === 'untrusted') {
    return warn(
      'port',
      `something speaks TLS on ${where} with a certificate that this machine does not trust for ${question.serverName}`,
      'if that is your relay, see the line on the certificate; if not, stop it or choose another port',
    )
  }
  return fail('port', `another program has ${where}`, 'stop it, or choose another with --port')
}

async function tryToListen(host: string, port: number): Promise<string | null> {
  const server = createServer()
  try {
    server.listen({ port, host, exclusive: true })
    await once(server, 'listening')
    return null
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown'
  } finally {
    server.close()
  }
}

/** What every answer of a relay bears. [B10] */
const POLICY = "default-src 'none'; frame-ancestors 'none'"

/** A relay answers a request for its path with 426, and says what it wants; on a plain port with 403 to whoever is not its proxy. */
function isRelay({ statusCode, headers }: IncomingMessage, isPlaintext: boolean): boolean {
  if (headers['content-security-policy'] !== POLICY) return false
  return (statusCode === 426 && headers.upgrade === 'websocket') || (isPlaintext && statusCode === 403)
}

function ask(question: PortQuestion): Promise<'relay' | 'untrusted' | 'other'> {
  const { host, port, serverName, authorities, isPlaintext } = question
  return new Promise((resolve) => {
    const target = isAnyHost(host) || isLoopbackHost(host) ? '127.0.0.1' : host
    const options = { host: target, port, path: SOCKET_PATH, agent: false, timeout: ANSWER_MS }
    const outgoing = isPlaintext
      ? requestPlainly(options)
      : request({ ...options, servername: serverName, ca: [...rootCertificates, ...authorities] })
    outgoing.on('response', (response) => {
      resolve(isRelay(response, isPlaintext) ? 'relay' : 'other')
      outgoing.destroy()
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error('silence')))
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      const isOfTrust = /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(error.code ?? '')
      resolve(isOfTrust ? 'untrusted' : 'other')
    })
    outgoing.end()
  })
}
