/**
 * How a link is handed to the person at the terminal, and what they are told of it. On standard error: standard output is for results.
 *
 * @module
 */
import type { Command } from 'commander'
import { parseRoomLink } from './room-link.ts'

/** Tells where the link of a new document is, or the link itself. */
export function sayLink(link: string, { linkFile }: { readonly linkFile?: string }): void {
  const who =
    parseRoomLink(link).mode === 'members'
      ? 'It opens with this key store only.'
      : 'Whoever has it can read and write the document: keep it as you would the text.'
  if (linkFile === undefined)
    console.error(`The document's link (give it to another terminal as Y_SEALED_LINK): ${link}\n${who}`)
  else console.error(`The document's link stands in ${linkFile}. ${who}`)
}

/** Arguments are shown to every user of a computer by `ps`, and kept by the shell. */
export function warnOfVisibleLink(command: Command): void {
  if (command.getOptionValueSource('link') !== 'cli') return
  console.error(
    'warning: others on this computer can see a link that is given as an argument; use the variable Y_SEALED_LINK or --link-file',
  )
}
