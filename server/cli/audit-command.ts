/**
 * `audit`: looks at every entry of a database, or of an exported document, without any key.
 *
 * @module
 */
import { base64urlToBytes, hexToBytes, ID_BYTES, type Bytes } from '@y-sealed/protocol'
import { Command, Option } from 'commander'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { giveWay } from '../ops/give-way.ts'
import { SettingsError } from '../ops/settings-error.ts'
import { documentToJson, documentToText, faultToJson, faultToText, summaryToJson, summaryToText } from './audit-text.ts'
import { dataOption, parseSwitch } from './options.ts'
import { auditProof } from './audit-proof.ts'
import { createProgress } from './progress.ts'
import { EXIT_DONE, EXIT_FAILED } from './report-error.ts'

interface AuditCommandOptions {
  readonly data: string
  readonly db?: string
  readonly file?: string
  readonly document?: string
  readonly proof?: string
  readonly quick?: boolean
  readonly json?: boolean
}

/** The command. */
export function createAuditCommand(): Command {
  return new Command('audit')
    .summary('check every entry of a database, or of an exported document, without any key')
    .description(
      'Reads the whole database and recomputes what can be known without a key: ids, transcripts and session chains, signatures of ' +
        'records and of updates by the devices that the records name, what the records allowed at each place, lengths, and the tables ' +
        'beside the log. Prints a line for each document and a summary; a fault has a code, what it means and what to do. It changes ' +
        'nothing and may run beside a relay. Ends with 1 when anything is not in order. Ids and structure of documents are in its ' +
        'output: treat that like the database.',
    )
    .addOption(dataOption())
    .addOption(
      new Option('--db <file>', 'a database by its name, such as a backup (default: that of --data)').env(
        'Y_SEALED_AUDIT_DB',
      ),
    )
    .addOption(
      new Option('--file <file>', 'an exported document instead of a database: its public part').env(
        'Y_SEALED_AUDIT_FILE',
      ),
    )
    .addOption(
      new Option('--document <id>', 'this document alone, by its id (base64url or hexadecimal)').env(
        'Y_SEALED_AUDIT_DOCUMENT',
      ),
    )
    .addOption(
      new Option(
        '--proof <file>',
        'check a proof that a relay has signed two histories of a document, and nothing else',
      ).env('Y_SEALED_AUDIT_PROOF'),
    )
    .addOption(
      new Option('--quick [yes]', 'leave the signatures of updates out')
        .argParser(parseSwitch)
        .preset('yes')
        .env('Y_SEALED_AUDIT_QUICK'),
    )
    .addOption(
      new Option('--json [yes]', 'print JSON, a line each')
        .argParser(parseSwitch)
        .preset('yes')
        .env('Y_SEALED_AUDIT_JSON'),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  y-sealed-relay audit --data /var/lib/y-sealed\n' +
        '  y-sealed-relay audit --db /var/backups/y-sealed/relay.db --json\n' +
        '  y-sealed-relay audit --proof fork.proof --data /var/lib/y-sealed\n' +
        '  y-sealed-relay audit --file note.y-sealed',
    )
    .action(audit)
}

async function audit(options: AuditCommandOptions): Promise<void> {
  if (options.proof !== undefined) return auditProof(options.proof, options.data, options.json === true)
  if (options.file !== undefined) return await auditFile(options.file, options)
  const path = options.db ?? join(options.data, 'relay.db')
  if (!existsSync(path)) {
    throw new SettingsError(`there is no database ${path}: give the relay’s folder with --data, or a file with --db`)
  }
  const document = options.document === undefined ? undefined : readId(options.document)
  // Loaded here, so that the other commands need no database.
  const { auditDatabase } = await import('../audit/audit-database.ts')
  giveWay()
  const isJson = options.json === true
  const beganAtMs = performance.now()
  const progress = createProgress((line) => console.error(line))
  const summary = await auditDatabase({
    path,
    ...(document !== undefined && { document }),
    isQuick: options.quick === true,
    onDatabaseFault: (fault) =>
      console.log(isJson ? faultToJson(null, fault) : `FAULT of the database\n${faultToText(fault)}`),
    onDocument: (report) => console.log(isJson ? documentToJson(report) : documentToText(report)),
    onProgress: (done, all) => progress('checked', 'entries', done, all),
  })
  const tookMs = performance.now() - beganAtMs
  console.log(isJson ? summaryToJson(summary, tookMs) : summaryToText(summary, tookMs))
  process.exitCode = summary.faults > 0 ? EXIT_FAILED : EXIT_DONE
}

async function auditFile(path: string, { db, document, quick, json }: AuditCommandOptions): Promise<void> {
  if (db !== undefined || document !== undefined)
    throw new SettingsError('--file is one exported document: leave --db and --document out')
  if (!existsSync(path)) throw new SettingsError(`there is no file ${path}`)
  const { auditExport } = await import('../audit/audit-export.ts')
  const isJson = json === true
  const beganAtMs = performance.now()
  const summary = await auditExport({
    path,
    isQuick: quick === true,
    onFileFault: (fault) => console.log(isJson ? faultToJson(null, fault) : `FAULT of the file\n${faultToText(fault)}`),
    onDocument: (report) => console.log(isJson ? documentToJson(report) : documentToText(report)),
  })
  const tookMs = performance.now() - beganAtMs
  console.log(isJson ? summaryToJson(summary, tookMs) : summaryToText(summary, tookMs))
  process.exitCode = summary.faults > 0 ? EXIT_FAILED : EXIT_DONE
}

function readId(text: string): Bytes {
  const id = hexToBytes(text)?.length === ID_BYTES ? hexToBytes(text) : base64urlToBytes(text)
  if (id?.length === ID_BYTES) return id
  throw new SettingsError('--document is no document id: it has 22 characters of base64url, or 32 of hexadecimal')
}
