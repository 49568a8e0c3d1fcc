/**
 * What `npm start` is told.
 *
 * @module
 */
import { parseArgs } from 'node:util'

export interface HostSettings {
  readonly data: string
  readonly host: string
  /** For the phones of the private networks that this machine is in, in place of `host`. */
  readonly isLan: boolean
  readonly port: number
  /** `https:` origins of other relays that the app may be set to speak to. */
  readonly relays: readonly string[]
  /** File that says which native apps open links to this origin; `null` for none. */
  readonly appLinks: string | null
}

export const HELP = `Usage: npm start -- [options]

Builds the notes app if need be, starts a relay, and serves the app from the relay's own address. Ctrl-C stops everything.

  --data <folder>   the relay's folder (default ./data, or Y_SEALED_DATA)
  --lan             for phones in the same network: listens there, shows a QR code, and how a phone comes to trust the relay
  --host <host>     one address to listen on instead (default 127.0.0.1, or Y_SEALED_HOST)
  --port <number>   TCP port; 0 takes a free one (default 8443, or Y_SEALED_PORT)
  --relay <address>  another relay, wss://…, that the app’s settings may name; as often as needed. That relay lets in the
                    app by its own --origin
  --app-links <file>  for native shells: lets them in, and says by the file which apps open invite links
  --terminal        no browser: two people write one note in this terminal, beside what the relay has of it
  --once            the same, and end after the conversation
  --help            this
`

/** `null` when only help was asked for. Throws `Error` with one line for a person. */
export function readSettings(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): HostSettings | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      data: { type: 'string' },
      lan: { type: 'boolean' },
      host: { type: 'string' },
      port: { type: 'string' },
      relay: { type: 'string', multiple: true },
      'app-links': { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help === true) return null
  const port = values.port ?? environment['Y_SEALED_PORT'] ?? '8443'
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new TypeError(`--port "${port}" is none: give a number from 0 to 65535`)
  if (values.lan === true && values.host !== undefined)
    throw new TypeError('--lan and --host say both where to listen: give one of them')
  return {
    isLan: values.lan === true,
    relays: (values.relay ?? []).map(originOfRelay),
    appLinks: values['app-links'] ?? null,
    data: values.data ?? environment['Y_SEALED_DATA'] ?? './data',
    host: values.host ?? environment['Y_SEALED_HOST'] ?? '127.0.0.1',
    port: Number(port),
  }
}

/** Where the tokens of the relay at `address` are asked for. */
function originOfRelay(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : null
  if (url?.protocol !== 'wss:' || url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '')
    throw new TypeError(`--relay "${address}" is no relay’s address: give one as wss://relay.example`)
  return `https://${url.host}`
}
