/** A document into a file and out of it, at the terminal. */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'

import { runClient } from '../support/client-command.ts'
import { MortalRelay } from '../support/mortal-relay.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'
import { writeSyntheticTrace } from '../support/traces.ts'

// Each starts several processes, on machines that do other things as well.
vi.setConfig({ testTimeout: 180_000 })

it('[EX1] [EX5] exports a document, reads it without a relay, lists its versions, and says what is wrong', async () => {
  const relay = await MortalRelay.start()
  const folder = makeTemporaryFolder()
  const at = (name: string): string => join(folder, name)
  const trace = writeSyntheticTrace(300, 1)
  await runClient(relay, ['replay', trace.path, '--new', '--link-file', at('link')])
  const exported = await runClient(relay, [
    'export-document',
    '--link-file',
    at('link'),
    '-o',
    at('note'),
    '--file-key-out',
    at('key'),
  ])
  expect(exported).toEqual({ exitCode: 0, stdout: '', stderr: '' })
  expect([statSync(at('note')).mode & 0o777, statSync(at('key')).mode & 0o777]).toEqual([0o600, 0o600])
  const again = await runClient(relay, ['export-document', '--link-file', at('link'), '-o', at('note')])
  expect([again.exitCode, again.stderr]).toEqual([2, expect.stringContaining('exists and is left alone')])
  await relay.stop()

  const nowhere = { url: 'wss://127.0.0.1:1/sync', caPath: null }
  const whole = await runClient(nowhere, ['read-document', at('note'), '--file-key-file', at('key')])
  expect(whole.exitCode).toBe(0)
  expect(whole.stdout.trimEnd()).toBe(trace.endContent.trimEnd())
  const list = await runClient(nowhere, ['read-document', at('note'), '--versions'], {
    Y_SEALED_FILE_KEY: readFileSync(at('key'), 'utf8').trim(),
  })
  const [first = ''] = list.stdout.split('\n')
  expect(first).toMatch(/^ +\d+ {2}\d{4}-\d\d-\d\d \d\d:\d\d {2}\S+ {2}\(\d+\)$/)
  const then = await runClient(nowhere, ['read-document', at('note'), '--file-key-file', at('key'), '--at', '4'])
  expect(then.exitCode).toBe(0)
  expect(then.stdout.length).toBeLessThan(whole.stdout.length)

  const keyless = await runClient(nowhere, ['read-document', at('note')])
  expect([keyless.exitCode, keyless.stderr]).toEqual([1, expect.stringMatching(/^error: the file opens by its key/)])
  writeFileSync(at('cut'), readFileSync(at('note')).subarray(0, 900))
  const cut = await runClient(nowhere, ['read-document', at('cut'), '--file-key-file', at('key')])
  expect([cut.exitCode, cut.stderr]).toEqual([1, expect.stringMatching(/^error: the exported document ends too early/)])
})
