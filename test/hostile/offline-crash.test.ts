/** A device that is killed while somebody types on it, with a relay or without, again and again. Row I2. */
import { openNodeStorage } from '@y-sealed/client/node'
import { bytesToHex } from '@y-sealed/protocol'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'

import { bundleProgram } from '../support/bundled-program.ts'
import { fuzzRuns } from '../support/fuzz-runs.ts'
import { createScene, startHonestRelay, watch } from '../support/stage.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'

const ROUNDS = fuzzRuns(16)
const NOWHERE = 'wss://localhost:9/sync'

interface Life {
  /** The words of the document when it was opened. */
  readonly found: readonly string[]
  /** Words that it may have typed: it may have died before it said so of the last. */
  readonly begun: readonly string[]
  readonly typed: readonly string[]
  /** The words of which the device said that they are kept. */
  readonly kept: readonly string[]
  readonly problems: readonly string[]
}

/** Lets a device live until it has typed some words, and kills it while one of them is being written. */
async function typeAndDie(program: string, args: readonly string[], words: number): Promise<Life> {
  const writer = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const said: Record<string, string[]> = { found: [], typing: [], typed: [], kept: [], problem: [] }
  for await (const line of createInterface({ input: writer.stdout })) {
    const [what = '', ...rest] = wordsOf(line)
    said[what]?.push(...rest)
    const { typed = [], kept = [] } = said
    if (typed.length >= words && what === 'typed' && kept.length < typed.length) writer.kill('SIGKILL')
  }
  if (writer.signalCode === null && writer.exitCode === null) await once(writer, 'exit')
  expect(writer.signalCode).toBe('SIGKILL')
  const { found = [], typing: begun = [], typed = [], kept = [], problem: problems = [] } = said
  return { found, begun, typed, kept, problems }
}

function wordsOf(text: string): readonly string[] {
  return text.split(' ').filter((word) => word !== '')
}

it(
  `T39 [CL14] [I2] kill -9 under typing, ${ROUNDS} times: every word that was kept is there, once, and arrives once`,
  { timeout: 60_000 + ROUNDS * 60_000 },
  async () => {
    const program = await bundleProgram('test/support/offline-writer.ts')
    const relay = await startHonestRelay([])
    const { access, key, room } = await createScene()
    const folder = join(makeTemporaryFolder(), 'device')
    const caPath = join(makeTemporaryFolder(), 'ca.pem')
    writeFileSync(caPath, relay.ca)
    const [begun, kept] = [new Set<string>(), new Set<string>()]
    let inFlight = 0
    /** Each once, none that was never typed, and all that were kept. */
    const expectWhole = (words: readonly string[]): void => {
      expect(new Set(words).size).toBe(words.length)
      expect(words.filter((word) => !begun.has(word))).toEqual([])
      expect([...kept].filter((word) => !words.includes(word))).toEqual([])
    }
    for (let round = 0; round < ROUNDS; round++) {
      const url = round % 3 === 1 ? relay.url : NOWHERE
      const life = await typeAndDie(
        program,
        [folder, String(round), bytesToHex(key), room, url, caPath],
        3 + ((round * 37) % 50),
      )
      expectWhole(life.found)
      expect(life.problems).toEqual([])
      // It died with a word that was typed and not kept, but where that was said in its last moment.
      if (life.typed.length > life.kept.length) inFlight += 1
      for (const word of life.begun) begun.add(word)
      for (const word of life.kept) kept.add(word)
    }
    expect(kept.size).toBeGreaterThan(ROUNDS)
    expect(inFlight).toBeGreaterThan(ROUNDS / 2)
    const storage = await openNodeStorage(folder)
    const { keys, outbox, documents: store } = storage
    const reader = await watch({ relay, access: access() })
    const device = await watch({ relay, access: access(), keys, provider: { outbox, store } })
    await device.peer.provider.whenSaved()
    expectWhole(wordsOf(device.text))
    await expect.poll(() => reader.text).toBe(device.text)
    expect([...reader.reports, ...device.reports, ...device.problems]).toEqual([])
    device.peer.close()
    await storage.close()
  },
)
