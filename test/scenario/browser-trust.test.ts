/**
 * `y-sealed-relay trust`, run for a person whose home is a folder of the test: Chromium’s warning of the development certificate ends by it, and is back
 * after `untrust`. The system’s own store is out of the command’s reach here, for it belongs to whoever runs the test.
 *
 * @module
 */
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright'
import { expect, it, onTestFinished } from 'vitest'

import { startRelay } from '../../server/serve.ts'
import { CHROMIUM_FLAGS, findChromium } from '../support/chromium.ts'
import { runRelayCommand } from '../support/command-line.ts'
import { hasComponent } from '../support/components.ts'
import { findProgram } from '../support/optional-program.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'

/** A folder with these programs and no others. */
function pathWith(...programs: readonly string[]): string {
  const folder = makeTemporaryFolder()
  for (const program of programs) symlinkSync(findProgram(program, 'the browser’s trust') ?? '', join(folder, program))
  return folder
}

/** Starts the browser anew, since it reads its list of authorities once: the status of the page, or the reason why there is none. */
async function open(home: string, url: string): Promise<number | string> {
  const browser = await chromium.launch({
    executablePath: findChromium() ?? '',
    args: [...CHROMIUM_FLAGS],
    env: { ...(process.env as Record<string, string>), HOME: home },
  })
  try {
    const page = await browser.newPage()
    return (await page.goto(url))?.status() ?? 'no answer'
  } catch (error) {
    return /ERR_\w+/.exec(String(error))?.[0] ?? String(error)
  } finally {
    await browser.close()
  }
}

it.skipIf(!hasComponent('chromium') || !hasComponent('certutil'))(
  '[DEMO 8.12] trust ends the browser’s warning, and untrust brings it back',
  { timeout: 90_000 },
  async () => {
    const [data, home] = [makeTemporaryFolder(), makeTemporaryFolder()]
    const relay = await startRelay({
      data,
      port: 0,
      logLevel: 'silent',
      pages: (_request, response) => (response.end('a page'), true),
    })
    onTestFinished(() => relay.close())
    const person = { HOME: home, PATH: pathWith('certutil', 'mkdir') }
    const agree = async (command: 'trust' | 'untrust'): Promise<unknown> => {
      const { exitCode, stdout } = await runRelayCommand([command, '--data', data, '--yes'], person)
      return [exitCode, stdout.includes('certutil'), stdout.includes('/usr/local/share')]
    }
    expect(await open(home, relay.pageUrl)).toBe('ERR_CERT_AUTHORITY_INVALID')
    expect(await agree('trust')).toEqual([0, true, false])
    expect(await open(home, relay.pageUrl)).toBe(200)
    expect(await agree('untrust')).toEqual([0, true, false])
    expect(await open(home, relay.pageUrl)).toBe('ERR_CERT_AUTHORITY_INVALID')
  },
)
