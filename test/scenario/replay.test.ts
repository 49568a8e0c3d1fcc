/**
 * The main job, as a person at a terminal does it: a trace of editing goes through a real relay, from process to process over TLS, and
 * everybody ends with the same text.
 *
 * @module
 */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'

import { runClient, startClient } from '../support/client-command.ts'
import { MortalRelay } from '../support/mortal-relay.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'
import { findTrace, writeSyntheticTrace } from '../support/traces.ts'

// Each starts several processes, on machines that do other things as well.
vi.setConfig({ testTimeout: 180_000 })

interface Replay {
  readonly edits: number
  readonly identical: boolean
  readonly sender: Figures
  readonly receiver: Figures
  readonly late: Figures
}

interface Figures {
  readonly envelopes: number
  readonly signatureChecks: number
  readonly connections: number
  readonly characters: number
}

function readReport(stdout: string): Replay {
  // One line and nothing else.
  expect(stdout.split('\n')).toHaveLength(2)
  return JSON.parse(stdout) as Replay
}

it('2 000 edits arrive whole with somebody who watches and with somebody who comes later', async () => {
  const relay = await MortalRelay.start()
  const trace = writeSyntheticTrace(2_000, 1)
  const { exitCode, stdout, stderr } = await runClient(relay, ['replay', trace.path, '--new', '--json'])
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining('y-sealed-room:') as string })
  const { edits, identical, sender, receiver, late } = readReport(stdout)
  expect({ edits, identical }).toEqual({ edits: 2_000, identical: true })
  for (const { characters } of [sender, receiver, late]) expect(characters).toBe(trace.endContent.length)
  expect(sender.connections).toBe(1)
  // Merged as people type: far fewer envelopes than edits.
  expect(sender.envelopes).toBeLessThan(1_000)
})

it('an envelope for every edit arrives whole, and who comes later checks one signature for many', async () => {
  const relay = await MortalRelay.start()
  const trace = writeSyntheticTrace(1_500, 2)
  const { exitCode, stdout } = await runClient(relay, ['replay', trace.path, '--new', '--json', '--per-edit'])
  expect(exitCode).toBe(0)
  const { sender, late } = readReport(stdout)
  expect(sender.envelopes).toBeGreaterThanOrEqual(1_500)
  expect(late.envelopes).toBeGreaterThan(1_500)
  expect(late.signatureChecks).toBeLessThan(50)
})

it('two terminals replay together: one waits, the other types', async () => {
  const relay = await MortalRelay.start()
  const trace = writeSyntheticTrace(500, 3)
  const link = join(makeTemporaryFolder(), 'room.link')
  const receiver = startClient(relay, ['replay', trace.path, '--role', 'receiver', '--new', '--link-file', link])
  await vi.waitFor(() => expect(receiver.output.stderr).toContain('stands in'), { timeout: 60_000 })
  expect(statSync(link).mode & 0o777).toBe(0o600)
  // The link is in its file and nowhere else.
  expect(receiver.output.stderr).not.toContain(readFileSync(link, 'utf8').trim())
  const sender = await runClient(relay, ['replay', trace.path, '--role', 'sender', '--link-file', link])
  expect(sender).toMatchObject({ exitCode: 0, stderr: '' })
  expect(sender.stdout).toMatch(/^Sent {5}500 edits in /)
  const received = await receiver.finished
  expect(received.exitCode).toBe(0)
  expect(received.stdout).toMatch(/All texts are identical/)
})

it('a document of members is replayed by its one device, from three processes', async () => {
  const relay = await MortalRelay.start()
  const trace = writeSyntheticTrace(300, 4)
  const { exitCode, stdout, stderr } = await runClient(relay, [
    'replay',
    trace.path,
    '--new',
    '--mode',
    'members',
    '--json',
  ])
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining('y-sealed-document:') as string })
  expect(readReport(stdout).identical).toBe(true)
})

it('a text that is not what the trace leads to is found out, and not shown', async () => {
  const relay = await MortalRelay.start()
  const trace = writeSyntheticTrace(200, 5, 'something else')
  const { exitCode, stdout, stderr } = await runClient(relay, ['replay', trace.path, '--new'])
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
  expect(stderr).toMatch(
    /error: the text is not what the trace leads to: \d+ units instead of 14, and they differ from unit 0 on/,
  )
})

it('a receiver whose trace leads elsewhere does not take what arrives for it', async () => {
  const relay = await MortalRelay.start()
  const link = join(makeTemporaryFolder(), 'room.link')
  const typed = await runClient(relay, [
    'replay',
    writeSyntheticTrace(50, 6).path,
    '--role',
    'sender',
    '--new',
    '--link-file',
    link,
  ])
  expect(typed.exitCode).toBe(0)
  const other = writeSyntheticTrace(50, 7).path
  const receiver = await runClient(relay, [
    'replay',
    other,
    '--role',
    'receiver',
    '--link-file',
    link,
    '--timeout',
    '1',
  ])
  expect(receiver.exitCode).toBe(1)
  expect(receiver.stderr).toContain('error: nothing has moved for 1 s')
  const again = await runClient(relay, ['replay', other, '--role', 'sender', '--link-file', link])
  expect(again).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('holds text already') as string })
})

const svelte = findTrace('sveltecomponent')

it.skipIf(svelte === null)('the writing of a Svelte component, 18 335 edits, arrives whole', async () => {
  const relay = await MortalRelay.start()
  const { exitCode, stdout } = await runClient(relay, ['replay', svelte ?? '', '--new', '--json'])
  expect(exitCode).toBe(0)
  const { edits, identical, late } = readReport(stdout)
  expect({ edits, identical, characters: late.characters }).toEqual({
    edits: 18_335,
    identical: true,
    characters: 18_451,
  })
})
