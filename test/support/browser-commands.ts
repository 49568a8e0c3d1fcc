/**
 * What tests in the browser ask of the machine that runs them.
 *
 * @module
 */
import { toBytes } from '@y-sealed/protocol'
import type { BrowserCommand } from 'vitest/node'

import { filesIn, findLeaks, leakingPlaces, textCanary } from './leak-scan.ts'

declare module 'vitest/browser' {
  interface BrowserCommands {
    /** Where in a folder's files, or in what was carried (base64), any of these words is found: names of places. */
    findWords(folder: string, wire: string, words: readonly string[]): Promise<readonly string[]>
  }
}

export const findWords: BrowserCommand<[folder: string, wire: string, words: readonly string[]]> = (
  _context,
  folder,
  wire,
  words,
) => {
  const carried = { name: 'wire', bytes: toBytes(Buffer.from(wire, 'base64')) }
  return leakingPlaces(
    findLeaks(
      [...filesIn(folder), carried],
      words.map((word) => textCanary(word, word)),
    ),
  )
}
