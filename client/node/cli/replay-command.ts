/**
 * `replay`: types a real editing trace into a document through a relay, and has another process read it.
 *
 * @module
 */
import { SyncError } from '@y-sealed/protocol'
import { Command, Option } from 'commander'
import { basename } from 'node:path'
import { receiveTrace, sendTrace, type ReplayFigures, type ReplayOptions } from '../replay/replay-run.ts'
import { readTrace, shortenTrace, type Trace } from '../replay/trace.ts'
import { openAckLog } from './ack-log.ts'
import { addDocumentOptions, parseWhole, type DocumentOptions } from './document-options.ts'
import { describeFigures } from './figures.ts'
import { openDocument, type OpenDocument } from './open-document.ts'
import { createProgress } from './progress.ts'
import { hasParent, tellParent, whenParentSays } from './receiver-channel.ts'
import { startReceiver, type ReceiverProcess } from './receiver-process.ts'
import { sayLink, warnOfVisibleLink } from './say-link.ts'
import { SettingsError } from './settings-error.ts'

export interface ReplayCommandOptions extends DocumentOptions {
  readonly role: 'sender' | 'receiver' | 'both'
  readonly limit?: number
  readonly perEdit?: boolean
  readonly rate?: number
  readonly timeout: number
  readonly ackLog?: string
  readonly json?: boolean
}

/** The command. */
export function createReplayCommand(): Command {
  const command = new Command('replay')
    .summary('type a real editing trace through a relay and compare what arrives')
    .description(
      'Types a trace of real editing (josephg/editing-traces: sequential ones, .json or .json.gz) into a document through a relay. ' +
        'A receiver in a process of its own, with a key store of its own, waits until it has everything; a third, which opens the ' +
        'document afterwards, reads it from the relay alone. All must end with the very text that the trace leads to. ' +
        'Concurrent traces are not replayed yet.',
    )
    .argument('<trace>', 'file of the trace')
  return addDocumentOptions(command)
    .addOption(
      new Option('--role <role>', 'type, read, or both, where the readers are started as processes of their own')
        .choices(['sender', 'receiver', 'both'])
        .default('both')
        .env('Y_SEALED_ROLE'),
    )
    .addOption(
      new Option('--limit <edits>', 'only the first so many edits').argParser(parseWhole(1, 1e9)).env('Y_SEALED_LIMIT'),
    )
    .addOption(
      new Option('--per-edit', 'an envelope for every edit, instead of merging what is typed within 30 ms').env(
        'Y_SEALED_PER_EDIT',
      ),
    )
    .addOption(
      new Option('--rate <edits>', 'edits a second (default: as fast as it goes)')
        .argParser(parseWhole(1, 1e6))
        .env('Y_SEALED_RATE'),
    )
    .addOption(
      new Option('--timeout <seconds>', 'give up when nothing has moved for so long')
        .argParser(parseWhole(1, 86_400))
        .default(60)
        .env('Y_SEALED_TIMEOUT'),
    )
    .addOption(
      new Option(
        '--ack-log <file>',
        'write one line of JSON for every acknowledgement: session, counter, count, seq',
      ).env('Y_SEALED_ACK_LOG'),
    )
    .addOption(new Option('--json', 'print the figures as one line of JSON').env('Y_SEALED_JSON'))
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  y-sealed replay automerge-paper.json.gz --new --ca data/tls/ca.pem\n' +
        '      all at once, with a relay that "y-sealed-relay serve" started here\n' +
        '  y-sealed replay trace.json.gz --role receiver --new --link-file room.link\n' +
        '  y-sealed replay trace.json.gz --role sender --link-file room.link --keys sender-keys\n' +
        '      the same in two terminals\n' +
        '  y-sealed replay trace.json.gz --new --per-edit --json\n' +
        '      one envelope for every keystroke, and figures for a program',
    )
    .action(async (path: string, options: ReplayCommandOptions) => {
      warnOfVisibleLink(command)
      await replay(path, options)
    })
}

async function replay(path: string, options: ReplayCommandOptions): Promise<void> {
  const whole = await readTrace(path)
  const trace = options.limit === undefined ? whole : shortenTrace(whole, options.limit)
  const onWarning = (line: string): void => console.error(`warning: ${line}`)
  const document = await openDocument(options, { isPresent: false, onWarning })
  if (document.isNew) sayLink(document.link, options)
  try {
    const figures = await playRoles(path, trace, document, options)
    report(basename(path), options, figures)
  } finally {
    document.close()
  }
}

async function playRoles(
  path: string,
  trace: Trace,
  document: OpenDocument,
  options: ReplayCommandOptions,
): Promise<readonly ReplayFigures[]> {
  if (options.role === 'receiver') return [await receive(trace, document, options)]
  const ackLog = options.ackLog === undefined ? null : openAckLog(options.ackLog, document.traffic)
  const receivers: ReceiverProcess[] = []
  const startReader = async (): Promise<ReceiverProcess> => {
    const receiver = startReceiver(path, options, document.link)
    receivers.push(receiver)
    await Promise.race([receiver.ready, receiver.failed])
    return receiver
  }
  try {
    if (options.role === 'sender') return [await send(trace, document, options)]
    const receiver = await startReader()
    const sent = await Promise.race([send(trace, document, options), receiver.failed])
    const received = await receiver.finish(sent.head)
    // A third client, which was not there while it happened.
    const late = await startReader()
    return [sent, received, await late.finish(sent.head)]
  } finally {
    for (const receiver of receivers) receiver.close()
    ackLog?.close()
  }
}

async function send(trace: Trace, document: OpenDocument, options: ReplayCommandOptions): Promise<ReplayFigures> {
  if (document.text.toJSON() !== '' && document.text.toJSON() !== trace.startContent) {
    throw new SettingsError('that document holds text already, and a trace begins from none: make a new one with --new')
  }
  const total = trace.transactions.length
  const progress = createProgress({ label: 'saved', unit: 'edits', total, output: process.stderr, clock: now })
  try {
    const rate = options.rate === undefined ? {} : { rate: options.rate }
    return await sendTrace(document, {
      ...settingsOf(trace, options, progress.report),
      perEdit: options.perEdit === true,
      ...rate,
    })
  } finally {
    progress.close()
  }
}

async function receive(trace: Trace, document: OpenDocument, options: ReplayCommandOptions): Promise<ReplayFigures> {
  const total = trace.endContent.length
  const progress = createProgress({ label: 'received', unit: 'characters', total, output: process.stderr, clock: now })
  // The one that started this process shows its own.
  const settings = settingsOf(trace, options, hasParent() ? () => undefined : progress.report)
  tellParent({ ready: true })
  try {
    const figures = await receiveTrace(document, settings, whenParentSays())
    tellParent({ figures })
    return figures
  } finally {
    progress.close()
  }
}

function settingsOf(
  trace: Trace,
  { timeout }: ReplayCommandOptions,
  onProgress: (done: number) => void,
): ReplayOptions {
  return { trace, onProgress, clock: now, stallMs: timeout * 1_000 }
}

function report(name: string, options: ReplayCommandOptions, figures: readonly ReplayFigures[]): void {
  if (hasParent()) return
  const [first, received, late] = figures
  if (first === undefined) throw new SyncError('NO_FIGURES', 'nothing was replayed')
  if (options.json === true) {
    const roles = options.role === 'both' ? { sender: first, receiver: received, late } : { [options.role]: first }
    console.log(
      JSON.stringify({ trace: name, edits: first.edits, perEdit: options.perEdit === true, identical: true, ...roles }),
    )
  } else {
    for (const [index, each] of figures.entries()) console.log(describeFigures(each, index === 2))
    console.log(`All texts are identical to what ${name} leads to: ${first.characters} characters.`)
  }
}

function now(): number {
  return performance.now()
}
