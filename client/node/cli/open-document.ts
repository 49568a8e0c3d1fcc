/**
 * A document opened over a relay for a command: device, connection, provider, and the one promise by which a command learns that it
 * cannot go on.
 *
 * @module
 */
import { cryptoReady, readPinSet, SyncError } from '@y-sealed/protocol'
import { writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import * as Y from 'yjs'
import { HeadKeyPin } from '../../connection/head-key-pin.ts'
import { RelayConnection } from '../../connection/relay-connection.ts'
import { audienceOf } from '../../connection/socket.ts'
import { loadDevice } from '../../keys/device-identity.ts'
import { SealedProvider } from '../../provider/sealed-provider.ts'
import { issuerTokens } from '../../token/issuer-token.ts'
import { hasErrnoCode } from '../errno.ts'
import { nodeFetchJson } from '../fetch-json.ts'
import { openFileKeyStore } from '../file-key-store.ts'
import { meterSockets, Traffic } from '../replay/traffic.ts'
import { nodeWebSocket } from '../web-socket.ts'
import { chooseDocument } from './choose-document.ts'
import type { DocumentOptions } from './document-options.ts'
import { isHopeless } from './explain-error.ts'
import { SettingsError } from './settings-error.ts'

/** A document whose history is verified and decrypted, and which stays open. */
export interface OpenDocument {
  readonly provider: SealedProvider
  readonly text: Y.Text
  readonly traffic: Traffic
  readonly link: string
  readonly title: string
  readonly isNew: boolean
  /** From the dial on. */
  readonly openSeconds: number
  /** Never resolves; rejects when the document is closed for good. */
  readonly failed: Promise<never>
  close(): void
}

/** How a command takes part. */
export interface OpenOptions {
  /** Whether the others see that this device is here. */
  readonly isPresent: boolean
  /** Edits cannot leave, for now or for ever, or something in the log does not count. One line without a full stop. */
  readonly onWarning: (line: string) => void
}

const WARNING_BY_REPORT: Readonly<Record<string, string>> = {
  ENTRY_REFUSED: 'an entry of the log does not count, and nobody applies it',
  WAITING: 'what follows an entry waits until that is proved to be authentic',
  ROLLBACK: 'the relay shows less than this device has seen; it is given back what it lacks',
  FORK: 'the relay shows another history than this device has seen',
  RESTORED: 'the relay shows all again that this device has seen',
}

/** How long the first answer may take. Afterwards the client waits for the relay for ever. */
const OPEN_MS = 30_000

/** Opens what the options name. Rejects with what {@link explainError} explains; nothing is left open then. */
export async function openDocument(
  options: DocumentOptions,
  { isPresent, onWarning }: OpenOptions,
): Promise<OpenDocument> {
  const url = checkUrl(options.url)
  await cryptoReady()
  const ca = options.ca === undefined ? {} : { ca: await readAuthority(options.ca) }
  const invite = options.inviteFile === undefined ? {} : { invite: (await readFile(options.inviteFile, 'utf8')).trim() }
  const pins = options.pins === undefined ? {} : { pins: readPinSet(await readFile(options.pins, 'utf8')) }
  const keys = await openFileKeyStore(options.keys)
  const device = await loadDevice(keys)
  const { access, ...chosen } = await chooseDocument(options, device, keys)
  const traffic = new Traffic()
  const connection = new RelayConnection({
    url,
    device,
    token: issuerTokens({ device, accessOf: () => access, fetch: nodeFetchJson(ca), ...invite, ...pins }),
    WebSocket: meterSockets(nodeWebSocket(ca), traffic),
    ...pins,
    headKeyPin: new HeadKeyPin({ keys, name: url }),
  })
  const doc = new Y.Doc()
  const provider = new SealedProvider({ connection, access, doc, connect: false })
  if (!isPresent) provider.awareness.setLocalState(null)
  const close = (): void => {
    provider.destroy()
    connection.destroy()
    // The timers of the awareness end with the document.
    doc.destroy()
  }
  const failed = new Promise<never>((_, reject) => {
    provider.on('closed', ({ code, reason }) =>
      reject(new SyncError(code, reason === '' ? 'the relay closed the document' : reason)),
    )
    const refuse = (error: unknown): void => {
      if (isHopeless(error)) reject(new SyncError('NOT_OPENED', 'the document could not be opened', { cause: error }))
    }
    connection.on('connection-error', refuse)
    provider.on('connection-error', refuse)
    // From the first answer on the relay was right and is expected back.
    provider.once('synced', () => {
      connection.off('connection-error', refuse)
      provider.off('connection-error', refuse)
    })
  })
  failed.catch(() => undefined)
  provider.on('problem', ({ code, message }) => onWarning(`${message} (${code})`))
  provider.on('integrity', ({ code, seq, reason, proof, fatal }) => {
    if (proof !== undefined) onWarning(keepProof(proof, options.proofFile))
    // What is fatal closes the document, which is said by itself.
    if (!fatal)
      onWarning(`${WARNING_BY_REPORT[code] ?? 'the log is not as it should be'} (seq ${seq}, ${reason ?? code})`)
  })
  const startedAt = performance.now()
  provider.connect()
  try {
    await Promise.race([provider.whenSynced(), failed, timeOut(OPEN_MS)])
  } catch (error) {
    close()
    throw error
  }
  const openSeconds = Math.round(performance.now() - startedAt) / 1_000
  return { provider, openSeconds, text: doc.getText(options.text), traffic, ...chosen, failed, close }
}

/** Rejects after a while; holds nothing up. */
function timeOut(delayMs: number): Promise<never> {
  return new Promise((_, reject) => {
    const timer = setTimeout(
      () =>
        reject(
          new SyncError(
            'OPEN_TIMEOUT',
            `the relay did not open the document within ${delayMs / 1_000} s: try again, and look at its log`,
          ),
        ),
      delayMs,
    )
    timer.unref()
  })
}

function checkUrl(url: string): string {
  try {
    return audienceOf(url)
  } catch (error) {
    const reason = url.startsWith('wss:') && error instanceof Error ? ` (${error.message})` : ''
    throw new SettingsError(
      `--url "${url}" is no address of a relay${reason}: it looks like wss://relay.example, or with a port`,
      { cause: error },
    )
  }
}

async function readAuthority(path: string): Promise<string> {
  const pem = await readFile(path, 'utf8')
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem
  throw new SettingsError(`${path} is no certificate in PEM: --ca wants the relay’s <data>/tls/ca.pem`)
}

/** Writes a proof where it was asked for, and says so. What stands there already is an earlier one, and stays. */
function keepProof(proof: Uint8Array, file: string | undefined): string {
  const what = 'the relay has signed two histories of this document'
  if (file === undefined) return `${what}: with --proof-file the proof is kept`
  try {
    writeFileSync(file, proof, { mode: 0o600, flag: 'wx' })
    return `${what}; the proof is in ${file}`
  } catch (error) {
    const why = hasErrnoCode(error, 'EEXIST') ? 'there is a file of that name' : 'it could not be written'
    return `${what}; the proof is not in ${file}: ${why}`
  }
}
