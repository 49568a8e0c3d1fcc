/**
 * `watch`: a document live in the terminal, and with `--type` a place to write in it.
 *
 * @module
 */
import { SyncError } from '@y-sealed/protocol'
import { Command, Option } from 'commander'
import { createInterface, emitKeypressEvents } from 'node:readline'
import type { ProviderStatus } from '../../provider/provider-events.ts'
import { toPrintable } from './cells.ts'
import { addDocumentOptions, type DocumentOptions } from './document-options.ts'
import { createLineOutput } from './line-output.ts'
import { NoteEditor, type KeyPress } from './note-editor.ts'
import { openNoteScreen } from './note-screen.ts'
import { openDocument, type OpenDocument } from './open-document.ts'
import { sayLink, warnOfVisibleLink } from './say-link.ts'

interface WatchOptions extends DocumentOptions {
  readonly type?: boolean
  readonly once?: boolean
  readonly name: string
}

/** How long the last edits may take to be saved when the command ends. */
const LAST_SAVE_MS = 10_000

/** The command. */
export function createWatchCommand(): Command {
  const command = new Command('watch')
    .summary('show a document live, and type in it')
    .description(
      'Shows the text of a document as others type. With --type it is an editor: type, Enter, Backspace, arrows; Ctrl-C ends it when ' +
        'everything is saved. When standard input is no terminal, --type appends its lines to the document and ends with it. ' +
        'When standard output is no terminal, lines are printed as they become whole.',
    )
  return addDocumentOptions(command)
    .addOption(new Option('-t, --type', 'write too').env('Y_SEALED_TYPE'))
    .addOption(new Option('--once', 'print the text as it stands and end').env('Y_SEALED_ONCE'))
    .addOption(
      new Option('--name <name>', 'what the others see you as; it is sealed like the text')
        .default('terminal')
        .env('Y_SEALED_NAME'),
    )
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  y-sealed watch --new --link-file note.link --type --ca data/tls/ca.pem\n' +
        '      write the first note, with a relay that "y-sealed-relay serve" started here\n' +
        '  y-sealed watch --link-file note.link --type --keys other-device --ca data/tls/ca.pem\n' +
        '      a second terminal as a second device\n' +
        '  echo "milk" | y-sealed watch --link-file note.link --type\n' +
        '      append a line\n' +
        '  y-sealed watch --link-file note.link --once > note.txt\n' +
        '      keep a copy',
    )
    .action(async (options: WatchOptions) => {
      warnOfVisibleLink(command)
      await watch(options)
    })
}

async function watch(options: WatchOptions): Promise<void> {
  const onWarning = (line: string): void => {
    if (!process.stdout.isTTY) console.error(`warning: ${line}`)
  }
  const document = await openDocument(options, { isPresent: options.once !== true, onWarning })
  try {
    if (document.isNew) sayLink(document.link, options)
    if (options.once === true) return createLineOutput(print).end(toPrintable(document.text.toJSON()))
    document.provider.awareness.setLocalStateField('user', { name: options.name })
    const isOnTerminal = process.stdout.isTTY && (options.type !== true || process.stdin.isTTY)
    if (isOnTerminal) await showOnTerminal(document, options)
    else await showOnPipe(document, options)
    await saveLastEdits(document)
  } finally {
    document.close()
  }
}

async function showOnTerminal(document: OpenDocument, options: WatchOptions): Promise<void> {
  const { provider, text, failed } = document
  const editor = options.type === true ? new NoteEditor(text) : null
  const screen = openNoteScreen(process.stdout)
  let isDrawing = false
  const draw = (): void => {
    isDrawing = false
    screen.draw(describeState(document), text.toJSON(), editor?.cursor ?? null)
  }
  // Once for all that one turn of the event loop brings.
  const redraw = (): void => {
    if (!isDrawing) setImmediate(draw)
    isDrawing = true
  }
  text.observe(redraw)
  provider.on('status', redraw)
  provider.on('unsyncedChanges', redraw)
  provider.awareness.on('change', redraw)
  process.stdout.on('resize', redraw)
  const stopKeys =
    editor === null
      ? null
      : readKeys((characters, key) => {
          editor.press(characters, key)
          redraw()
        })
  redraw()
  try {
    await Promise.race([stopKeys?.ended ?? untilInterrupted(), untilInterrupted(), failed])
  } finally {
    stopKeys?.close()
    process.stdout.off('resize', redraw)
    text.unobserve(redraw)
    screen.close()
  }
}

async function showOnPipe(document: OpenDocument, options: WatchOptions): Promise<void> {
  const { provider, text, failed } = document
  const output = createLineOutput(print)
  const show = (): void => output.show(toPrintable(text.toJSON()))
  const tell = ({ status }: { readonly status: ProviderStatus }): void => {
    if (status !== 'connecting')
      console.error(status === 'connected' ? 'connected' : 'the relay is not there; trying again')
  }
  provider.on('status', tell)
  text.observe(show)
  show()
  const lines = options.type === true ? appendLines(text) : null
  try {
    await Promise.race([lines?.ended ?? failed, untilInterrupted(), failed])
  } finally {
    lines?.close()
    text.unobserve(show)
    provider.off('status', tell)
  }
  output.end(toPrintable(text.toJSON()))
}

/** Appends what stands on standard input, line by line; `ended` resolves where it ends. */
function appendLines(text: OpenDocument['text']): { readonly ended: Promise<void>; readonly close: () => void } {
  const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })
  lines.on('line', (line) => text.insert(text.length, `${line}\n`))
  return {
    ended: new Promise((resolve) => lines.once('close', resolve)),
    close: () => {
      lines.close()
      // An open pipe would keep the process.
      process.stdin.destroy()
    },
  }
}

/** Keys of the terminal one by one; `ended` resolves at Ctrl-C or Ctrl-D. */
function readKeys(onKey: (characters: string | undefined, key: KeyPress) => void): {
  readonly ended: Promise<void>
  close(): void
} {
  const { stdin } = process
  emitKeypressEvents(stdin)
  stdin.setRawMode(true)
  stdin.resume()
  let end: () => void
  const ended = new Promise<void>((resolve) => (end = resolve))
  const press = (characters: string | undefined, key: KeyPress): void => {
    if (key.ctrl === true && (key.name === 'c' || key.name === 'd')) end()
    else onKey(characters, key)
  }
  stdin.on('keypress', press)
  return {
    ended,
    close() {
      stdin.off('keypress', press)
      stdin.setRawMode(false)
      stdin.pause()
    },
  }
}

/** Waits for the last acknowledgement, but not for ever. Throws `NOT_SAVED`. */
async function saveLastEdits({ provider }: OpenDocument): Promise<void> {
  if (provider.unsyncedChanges === 0) return
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), LAST_SAVE_MS)))
  const interrupted = untilInterrupted().then(() => false)
  const isSaved = await Promise.race([provider.flush().then(() => true), late, interrupted])
  clearTimeout(timer)
  if (isSaved) return
  throw new SyncError(
    'NOT_SAVED',
    `the relay has not acknowledged the last edits, and they are lost with this process (${provider.unsyncedChanges})`,
  )
}

/** Resolves at the first Ctrl-C or SIGTERM; a second one ends the process at once. */
function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve()).once('SIGTERM', () => resolve())
  })
}

function describeState({ provider, title }: OpenDocument): string {
  const others = provider.awareness.getStates().size
  const saved = provider.unsyncedChanges === 0 ? 'saved' : 'saving…'
  return ` ${title} · ${provider.status} · ${saved} · ${others} here · Ctrl-C ends`
}

function print(text: string): void {
  process.stdout.write(text)
}
