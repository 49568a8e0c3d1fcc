/**
 * A second terminal as a second device: what the README promises to a newcomer.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'

import { runClient, startClient, type RunningClient } from '../support/client-command.ts'
import { MortalRelay } from '../support/mortal-relay.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'

// Each starts several processes, on machines that do other things as well.
vi.setConfig({ testTimeout: 180_000 })

async function whenShown(terminal: RunningClient, text: string): Promise<void> {
  await vi.waitFor(() => expect(terminal.output.stdout).toContain(text), { timeout: 60_000 })
}

async function whenLinked(link: string): Promise<void> {
  await vi.waitFor(() => expect(readFileSync(link, 'utf8')).toMatch(/^y-sealed-room:\S+\n$/), { timeout: 60_000 })
}

it('two terminals, two devices, one note: each sees live what the other types', async () => {
  const relay = await MortalRelay.start()
  const link = join(makeTemporaryFolder(), 'note.link')
  const laptop = startClient(relay, ['watch', '--type', '--new', '--link-file', link])
  await whenLinked(link)
  laptop.child.stdin.write('milk\n')
  await whenShown(laptop, 'milk\n')

  const phone = startClient(relay, ['watch', '--type', '--link-file', link])
  await whenShown(phone, 'milk\n')
  phone.child.stdin.write('bread, 東京 😀\n')
  await whenShown(laptop, 'milk\nbread, 東京 😀\n')
  laptop.child.stdin.write('eggs\n')
  await whenShown(phone, 'milk\nbread, 東京 😀\neggs\n')

  // The end of what is typed ends one terminal, Ctrl-C the other.
  phone.child.stdin.end()
  expect(await phone.finished).toMatchObject({ exitCode: 0, stdout: 'milk\nbread, 東京 😀\neggs\n', stderr: '' })
  laptop.child.kill('SIGINT')
  expect(await laptop.finished).toMatchObject({ exitCode: 0, stdout: 'milk\nbread, 東京 😀\neggs\n' })

  const copy = await runClient(relay, ['watch', '--once'], { Y_SEALED_LINK: readFileSync(link, 'utf8') })
  expect(copy).toEqual({ exitCode: 0, stdout: 'milk\nbread, 東京 😀\neggs\n', stderr: '' })
  expect(relay.log).not.toMatch(/milk|bread|eggs/)
})

it('somebody keeps typing while the relay restarts, and it arrives', async () => {
  const relay = await MortalRelay.start()
  const link = join(makeTemporaryFolder(), 'note.link')
  const laptop = startClient(relay, ['watch', '--type', '--new', '--link-file', link])
  await whenLinked(link)
  const phone = startClient(relay, ['watch', '--link-file', link])
  laptop.child.stdin.write('before\n')
  await whenShown(phone, 'before\n')
  await relay.kill()
  await vi.waitFor(() => expect(laptop.output.stderr).toContain('the relay is not there; trying again'))
  laptop.child.stdin.write('meanwhile\n')
  await whenShown(laptop, 'meanwhile\n')
  await relay.restart()
  await whenShown(phone, 'before\nmeanwhile\n')
  laptop.child.stdin.end()
  expect(await laptop.finished).toMatchObject({ exitCode: 0 })
})

it('a terminal that cannot save its last edits says so instead of ending well', async () => {
  const relay = await MortalRelay.start()
  const link = join(makeTemporaryFolder(), 'note.link')
  const laptop = startClient(relay, ['watch', '--type', '--new', '--link-file', link])
  await whenLinked(link)
  laptop.child.stdin.write('saved\n')
  await whenShown(laptop, 'saved\n')
  await relay.kill()
  laptop.child.stdin.write('not saved\n')
  await whenShown(laptop, 'not saved\n')
  laptop.child.stdin.end()
  const { exitCode, stderr } = await laptop.finished
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: expect.stringContaining('not acknowledged the last edits') as string,
  })
})

it('a terminal that does not know the authority of the relay says where to find it, and ends', async () => {
  const { url } = await MortalRelay.start()
  const { exitCode, stderr } = await runClient({ url, caPath: null }, ['watch', '--once', '--new'])
  expect(exitCode).toBe(2)
  expect(stderr).toMatch(/^error: [^\n]*: give that authority with --ca <data>\/tls\/ca\.pem[^\n]*\n$/)
})

it.each([
  ['no document at all', 'wss://localhost:1', [], {}, 2, 'no document is named'],
  [
    'two documents',
    'wss://localhost:1',
    ['--new'],
    { Y_SEALED_LINK: 'y-sealed-room:x' },
    2,
    'more than one document is named',
  ],
  ['a room without its key', 'wss://localhost:1', ['--room', 'x'], {}, 2, '--room goes with --new or --key-file'],
  ['a link file that is not there', 'wss://localhost:1', ['--link-file', 'nowhere'], {}, 2, 'no such file: nowhere'],
  ['no relay', 'wss://localhost:1', ['--new'], {}, 1, 'is the relay running?'],
  ['an address without TLS', 'ws://localhost', ['--new'], {}, 2, 'is no address of a relay'],
])('a terminal that is given %s says it in one line and ends', async (_, url, args, variables, exitCode, line) => {
  const ended = await runClient({ url, caPath: null }, ['watch', '--once', ...args], variables)
  expect(ended).toMatchObject({ exitCode, stdout: '' })
  expect(ended.stderr).toMatch(/^error: [^\n]*\n$/)
  expect(ended.stderr).toContain(line)
})
