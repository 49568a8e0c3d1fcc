/**
 * What the demo is told: `npm start -- --help`.
 *
 * @module
 */
import { parseArgs } from 'node:util'

export interface DemoSettings {
  readonly data: string
  readonly host: string
  readonly port: number
  readonly once: boolean
}

export const HELP = `Usage: npm start -- [options]

Starts a relay and two clients that write one note, and shows beside them what the relay has on its disk. Then it goes on:
the line that it prints opens the same note in a second terminal. Ctrl-C stops everything.

  --data <folder>   the relay's folder (default ./data, or Y_SEALED_DATA)
  --host <host>     address to listen on; 0.0.0.0 for other devices in the network (default 127.0.0.1, or Y_SEALED_HOST)
  --port <number>   TCP port; 0 takes a free one (default 8443, or Y_SEALED_PORT)
  --once            end after the conversation
  --help            this
`

/** `null` when only help was asked for. Throws `Error` with one line for a person. */
export function readSettings(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): DemoSettings | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      data: { type: 'string' },
      host: { type: 'string' },
      port: { type: 'string' },
      once: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help === true) return null
  const port = values.port ?? environment['Y_SEALED_PORT'] ?? '8443'
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new TypeError(`--port "${port}" is none: give a number from 0 to 65535`)
  return {
    data: values.data ?? environment['Y_SEALED_DATA'] ?? './data',
    host: values.host ?? environment['Y_SEALED_HOST'] ?? '127.0.0.1',
    port: Number(port),
    once: values.once ?? false,
  }
}
