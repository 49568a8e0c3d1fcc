/**
 * A file with a line for every acknowledgement of the relay: what it may not lose from then on.
 *
 * @module
 */
import { bytesToHex } from '@y-sealed/protocol'
import { closeSync, openSync, writeSync } from 'node:fs'
import type { Traffic } from '../replay/traffic.ts'

/** Each line is whole at once, so that a reader may follow the file. */
export function openAckLog(path: string, traffic: Traffic): { close(): void } {
  const file = openSync(path, 'w', 0o600)
  traffic.onAck = ({ session, counter, count, seq }) => {
    writeSync(file, `${JSON.stringify({ session: bytesToHex(session), counter, count, seq })}\n`)
  }
  return {
    close() {
      traffic.onAck = null
      closeSync(file)
    },
  }
}
