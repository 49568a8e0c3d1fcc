/**
 * `npm start`, the first thing that a newcomer does, and the line that it prints for a second terminal.
 *
 * @module
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'

import { startProgram } from '../support/client-command.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'

// Each starts several processes, on machines that do other things as well.
vi.setConfig({ testTimeout: 180_000 })

const DEMO = 'mobile-demo/terminal/main.ts'

it('the demo shows a note that two people write, and nothing of it on the disk of the relay', async () => {
  const data = join(makeTemporaryFolder(), 'data')
  const { exitCode, stdout, stderr } = await startProgram(DEMO, ['--once', '--port', '0', '--data', data]).finished
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  expect(stdout).toContain('  the note    Bob: Only we two. The relay has what stands on the right.')
  expect(stdout).toMatch(/ {2}the relay {3}#\d+ update, 268 bytes {2}[0-9a-f]{40}…/)
  expect(stdout).toMatch(/^17 words were typed\. In the \d{5,} bytes of the relay's database 0 of them can be read\.$/m)
  expect(stdout).toContain('Alice and Bob have the same text.')
  // The link goes with the demo; what stays is the relay's own.
  expect(readdirSync(data).toSorted()).toEqual(['keys', 'relay.db', 'relay.db.lock', 'tls'])
})

it('the line that the demo prints makes a second terminal a device in the note, and Ctrl-C ends the demo well', async () => {
  const data = join(makeTemporaryFolder(), 'data')
  const demo = startProgram(DEMO, ['--port', '0', '--data', data])
  await vi.waitFor(() => expect(demo.output.stdout).toContain('Bob: Only we two.'), { timeout: 60_000 })
  const [, line = ''] = /join +npm run y-sealed -- (.*)\n/.exec(demo.output.stdout) ?? []
  const terminal = startProgram('client/node/cli/main.ts', line.split(' '))
  terminal.child.stdin.end('Carol: I am here too.\n')
  const joined = await terminal.finished
  expect({ ...joined, stdout: joined.stdout.split('\n').at(-2) }).toEqual({
    exitCode: 0,
    stderr: '',
    stdout: 'Carol: I am here too.',
  })
  await vi.waitFor(() => expect(demo.output.stdout).toContain('the note    Carol: I am here too.'), { timeout: 60_000 })
  demo.child.kill('SIGINT')
  const { exitCode, stderr } = await demo.finished
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  expect(existsSync(join(data, 'demo.link'))).toBe(false)
})

it('the demo says in one line that it cannot start twice in one folder', async () => {
  const data = join(makeTemporaryFolder(), 'data')
  const first = startProgram(DEMO, ['--port', '0', '--data', data])
  await vi.waitFor(() => expect(first.output.stdout).toContain('the note'), { timeout: 60_000 })
  const second = await startProgram(DEMO, ['--once', '--port', '0', '--data', data]).finished
  expect(second).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: expect.stringMatching(/^error: another relay is using that folder: [^\n]*\n$/) as string,
  })
})
