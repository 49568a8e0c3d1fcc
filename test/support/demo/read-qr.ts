/**
 * Reading a QR code off the screen, as another phone's camera would.
 *
 * @module
 */
import type { Browser, Locator } from 'playwright'
import decodeQR from 'qr/decode.js'

/** What the code in a screenshot says. Throws where there is none. */
export async function readQr(browser: Browser, code: Locator): Promise<string> {
  const png = (await code.screenshot()).toString('base64')
  const { width, height, data } = await pixelsOf(browser, png)
  return decodeQR({ width, height, data: new Uint8Array(Buffer.from(data, 'base64')) })
}

interface Pixels {
  readonly width: number
  readonly height: number
  readonly data: string
}

/** The browser itself knows how to open a PNG. */
async function pixelsOf(browser: Browser, png: string): Promise<Pixels> {
  const page = await browser.newPage()
  try {
    return await page.evaluate(async (source) => {
      const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${source}`)).blob())
      const canvas = new OffscreenCanvas(image.width, image.height)
      const context = canvas.getContext('2d')
      if (context === null) throw new Error('there is no canvas')
      context.drawImage(image, 0, 0)
      const { data } = context.getImageData(0, 0, image.width, image.height)
      let text = ''
      for (const byte of data) text += String.fromCodePoint(byte)
      return { width: image.width, height: image.height, data: btoa(text) }
    }, png)
  } finally {
    await page.close()
  }
}
