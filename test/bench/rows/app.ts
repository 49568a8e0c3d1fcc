/**
 * P11: the notes app in Chromium, as a person feels it: from a key to the other phone, beside the same note on y-websocket; what a long note
 * costs a key; how long the app takes to open, and how many bytes it is.
 *
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

import { REPOSITORY_ROOT } from '../../support/repository.ts'
import { takePhone } from '../../support/demo/phones.ts'
import { closePair, openStage, type AppStage } from '../app/notes.ts'
import { fillNote, keyToPicture, keyToText, slowDown, timeOpening, type Opening } from '../app/probe.ts'
import { compareRow, type BenchRow } from '../bench-row.ts'
import { medianOf, percentile, sleep } from '../figures.ts'
import type { Workplace } from '../workplace.ts'

interface AppOptions {
  readonly quick: boolean
  readonly workplace: Workplace
}

/** A key each so many milliseconds: somebody who types well. */
const PACE_MS = 60

/** P11. */
export async function benchApp({ quick, workplace }: AppOptions): Promise<BenchRow[]> {
  const stage = await openStage(workplace)
  try {
    return [
      ...(await benchKeyToText(stage, quick)),
      ...(await benchLongNote(stage, quick)),
      ...(await benchOpening(stage, quick)),
      ...measureBytes(),
    ]
  } finally {
    await stage.close()
  }
}

/**
 * The relay says a letter on only once it is on its disk. The other server writes nothing down: it keeps the note in memory and loses it when it
 * ends. What that costs is the difference between the first rows and those of the RAM disk, on which a commit is as durable as memory is.
 */
async function benchKeyToText(stage: AppStage, quick: boolean): Promise<BenchRow[]> {
  const pairs = [await stage.openSealed(), await stage.openPlain(), await stage.openSealedInRam()]
  const delays = pairs.map((): number[] => [])
  const typeOn = async (count: number, note: (index: number, taken: readonly number[]) => void): Promise<void> => {
    for (const [index, pair] of pairs.entries()) {
      if (pair !== null) note(index, await keyToText(pair.from, pair.to, count, PACE_MS))
    }
  }
  // The first keys make the code hot. Then turn by turn, so that what else the machine does meets all.
  await typeOn(20, () => undefined)
  for (let turn = 0; turn < (quick ? 1 : 5); turn++) {
    await typeOn(40, (index, taken) => void delays[index]?.push(...taken))
  }
  for (const pair of pairs) if (pair !== null) await closePair(pair)
  const [sealed = [], plain = [], inRam = []] = delays
  const rows = [0.5, 0.95].map((share) => beside(`key to text on another phone, p${share * 100}`, sealed, plain, share))
  if (inRam.length === 0) return rows
  const without = [0.5, 0.95].map((share) =>
    beside(`the same without a disk: relay's database in RAM, p${share * 100}`, inRam, plain, share),
  )
  return [...rows, ...without]
}

async function benchLongNote(stage: AppStage, quick: boolean): Promise<BenchRow[]> {
  const paragraphs = quick ? 200 : 2_000
  const pairs = [await stage.openSealed(), await stage.openPlain()]
  const delays = pairs.map((): number[] => [])
  for (const pair of pairs) {
    if (pair === null) continue
    await fillNote(pair.from, paragraphs)
    await sleep(quick ? 2_000 : 8_000)
    await slowDown(pair.from, { network: false })
    await keyToPicture(pair.from, 10, 300)
  }
  for (let turn = 0; turn < (quick ? 1 : 4); turn++) {
    for (const [index, pair] of pairs.entries()) {
      if (pair !== null) delays[index]?.push(...(await keyToPicture(pair.from, 10, 300)))
    }
  }
  for (const pair of pairs) if (pair !== null) await closePair(pair)
  const [sealed = [], plain = []] = delays
  return [0.5, 0.95].map((share) =>
    beside(`key to picture in ${paragraphs} paragraphs, CPU ÷ 4, p${share * 100}`, sealed, plain, share),
  )
}

async function benchOpening({ browser, host }: AppStage, quick: boolean): Promise<BenchRow[]> {
  const cold: Opening[] = []
  const warm: Opening[] = []
  for (let turn = 0; turn < (quick ? 1 : 5); turn++) {
    const { page } = await takePhone(browser, 'Pixel 7')
    await slowDown(page, { network: true })
    cold.push(await timeOpening(page, host.url, '.fab'))
    await page.evaluate(async () => await navigator.serviceWorker.ready)
    await sleep(3_000)
    warm.push(await timeOpening(page, null, '.fab'))
    await page.context().close()
  }
  const row = (name: string, openings: readonly Opening[], of: (opening: Opening) => number): BenchRow => {
    return { row: 'P11', name, unit: 'ms', value: medianOf(openings, of) }
  }
  return [
    row('first visit (9 Mbit/s, 60 ms, CPU ÷ 4): first picture', cold, ({ painted }) => painted),
    row('first visit: the list can be used', cold, ({ usable }) => usable),
    row('later visit, by the service worker: first picture', warm, ({ painted }) => painted),
    row('later visit: the list can be used', warm, ({ usable }) => usable),
  ]
}

/** What a phone loads, by file. */
function measureBytes(): BenchRow[] {
  const assets = join(REPOSITORY_ROOT, 'mobile-demo/dist/assets')
  return readdirSync(assets)
    .filter((name) => !name.startsWith('show-') && /\.(?:js|css)$/.test(name))
    .map((name) => ({ name, bytes: gzipSync(readFileSync(join(assets, name)), { level: 9 }).length }))
    .toSorted((a, b) => b.bytes - a.bytes)
    .map(({ name, bytes }) => {
      return {
        row: 'P11',
        name: `bytes, gzipped: ${name.replace(/-[\w-]{8}\./, '.')}`,
        unit: 'kB',
        value: bytes / 1_000,
      }
    })
}

function beside(name: string, sealed: readonly number[], plain: readonly number[], share: number): BenchRow {
  const value = percentile(sealed, share)
  if (plain.length === 0) return { row: 'P11', name, unit: 'ms', value }
  return compareRow('P11', name, 'ms', value, 'the same note on y-websocket, in memory', percentile(plain, share))
}
