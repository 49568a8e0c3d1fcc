/**
 * `npm run pictures`: takes the README's pictures anew, every screen of the app in light and dark at 390 × 844 and the page of
 * several phones at 1440 × 900, and makes them small. It takes
 * Chromium, certutil and pngquant, and reads best with the fonts that phones have: on Debian `apt install chromium libnss3-tools pngquant
 * fonts-noto-color-emoji fonts-roboto-unhinted`. `npm run pictures -- FOLDER` puts them elsewhere, all of them.
 *
 * @module
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

import { startDemoHost } from './demo/demo-host.ts'
import { startPhones } from './demo/phones.ts'
import { playScenes, type Scheme, type Take } from './demo/scenes.ts'
import { playShow } from './demo/show-scenes.ts'
import { REPOSITORY_ROOT } from './repository.ts'

/** Letters as on an Android phone, where this computer has its font. */
const FONTS = `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<match><test name="family"><string>DejaVu Sans</string></test><edit name="family" mode="assign" binding="strong"><string>Roboto</string></edit></match>
${['system-ui', 'sans-serif'].map((name) => `<alias binding="strong"><family>${name}</family><prefer><family>Roboto</family></prefer></alias>`).join('')}</fontconfig>`

const [given] = process.argv.slice(2)
const target = resolve(given ?? join(REPOSITORY_ROOT, 'mobile-demo/docs'))
const folder = mkdtempSync(join(tmpdir(), 'y-sealed-pictures-'))
mkdirSync(target, { recursive: true })

async function takeAll(scheme: Scheme): Promise<void> {
  const data = join(folder, scheme)
  const host = await startDemoHost({ data, port: 0 })
  const home = join(folder, `${scheme}-home`)
  mkdirSync(join(home, '.config', 'fontconfig'), { recursive: true })
  writeFileSync(join(home, '.config', 'fontconfig', 'fonts.conf'), FONTS)
  const browser = await startPhones(home, join(data, 'tls', 'ca.pem'))
  try {
    const take: Take = async (name, page) => {
      const png = await page.screenshot({ scale: 'css', animations: 'disabled', caret: 'hide' })
      const small = execFileSync('pngquant', ['--quality=70-95', '--speed=1', '--strip', '64', '-'], { input: png })
      writeFileSync(join(target, `${name}-${scheme}.png`), small)
    }
    await playShow(browser, host, scheme, take)
    await playScenes(browser, host, scheme, async (name, page) => {
      await page.waitForTimeout(350)
      await take(name, page)
    })
  } finally {
    host.goOn()
    await browser.close()
    await host.stop()
  }
}

try {
  await takeAll('light')
  await takeAll('dark')
} finally {
  rmSync(folder, { recursive: true, force: true })
}
