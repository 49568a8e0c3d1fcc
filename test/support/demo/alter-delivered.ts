/**
 * A relay that lies, as one phone sees it: what its socket hands over is altered on the way, once.
 *
 * @module
 */
import type { Page } from 'playwright'

/** Before the page is opened. What it returns makes it lie once: of the next delivered frame that is long enough to hold an entry, a bit is another. */
export async function alterDelivered(page: Page): Promise<() => void> {
  let isLying = false
  await page.routeWebSocket(/^wss:/, (socket) => {
    const relay = socket.connectToServer()
    relay.onMessage((message) => {
      if (!isLying || typeof message === 'string' || message.length < MIN_ENTRY_BYTES) return socket.send(message)
      isLying = false
      const altered = Buffer.from(message)
      const at = altered.length - 20
      altered.writeUInt8(altered.readUInt8(at) ^ 1, at)
      socket.send(altered)
    })
  })
  return () => {
    isLying = true
  }
}

/** Shorter frames are answers and presence. */
const MIN_ENTRY_BYTES = 200
