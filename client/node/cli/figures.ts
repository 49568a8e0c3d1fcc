/**
 * Figures of a replay in a sentence.
 *
 * @module
 */
import type { ReplayFigures } from '../replay/replay-run.ts'
import { formatBytes, formatCount } from './progress.ts'

/** One line about one end of a replay. */
export function describeFigures(figures: ReplayFigures, isLate: boolean): string {
  const { edits, envelopes, bytesSent, bytesReceived, seconds, signatureChecks } = figures
  const checks = `${formatCount(signatureChecks)} signature checks`
  if (figures.role === 'sender') {
    return `Sent     ${formatCount(edits)} edits in ${formatCount(envelopes)} envelopes, ${formatBytes(bytesSent)}, ${seconds} s, ${checks}.`
  }
  const [how, time] = isLate ? ['Loaded  ', figures.openSeconds] : ['Received', seconds]
  return `${how} ${formatCount(envelopes)} entries, ${formatBytes(bytesReceived)}, ${time} s, ${checks}.`
}
