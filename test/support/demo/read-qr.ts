/**
 * Reading a QR code off the screen, as another phone's camera would.
 *
 * @module
 */
import type { Locator, Page } from 'playwright'
import decodeQR from 'qr/decode.js'

/** What the code in a screenshot says. Throws where there is none. */
export async function readQr(code: Locator): Promise<string> {
  // A dot for each of CSS: a phone's own nine take a second to hand over, and say no more.
  const png = (await code.screenshot({ scale: 'css' })).toString('base64')
  const { width, height, data } = await pixelsOf(code.page(), png)
  return decodeQR({ width, height, data: new Uint8Array(Buffer.from(data, 'base64')) })
}

interface Pixels {
  readonly width: number
  readonly height: number
  readonly data: string
}

/** Browsers know how to open a PNG; this one's is at hand. */
async function pixelsOf(page: Page, png: string): Promise<Pixels> {
  return await page.evaluate(async (source) => {
    const bytes = Uint8Array.from(atob(source), (letter) => letter.codePointAt(0) ?? 0)
    const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
    const canvas = new OffscreenCanvas(image.width, image.height)
    const context = canvas.getContext('2d')
    if (context === null) throw new Error('there is no canvas')
    context.drawImage(image, 0, 0)
    const { data } = context.getImageData(0, 0, image.width, image.height)
    let text = ''
    for (const byte of data) text += String.fromCodePoint(byte)
    return { width: image.width, height: image.height, data: btoa(text) }
  }, png)
}
