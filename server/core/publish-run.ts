/**
 * What this relay tells the others of the entries that it has committed. Rules BU1, BU3.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'

import { entriesMessage, headMessage } from './bus-message.ts'
import type { Context } from './context.ts'
import { entriesToFrames, splitPages, type LiveEntry, type Run } from './entry-frames.ts'

/** Publishes those entries of a run that were pushed here. */
export function publishRun({ bus, limits }: Context, document: Bytes, run: Run): void {
  if (bus.isAlone === true) return
  let own: LiveEntry[] = []
  const flush = (): void => {
    for (const page of splitPages(own, limits.busBytes)) {
      const [frame] = entriesToFrames(page, limits.pageBytes) as [Bytes]
      const isSmall = frame.length <= limits.busBytes
      bus.publish(document, isSmall ? entriesMessage(frame) : headMessage((page.at(-1) as LiveEntry).seq))
    }
    own = []
  }
  for (const entry of run.entries) {
    if (entry.author === null) flush()
    else own.push(entry)
  }
  flush()
}
