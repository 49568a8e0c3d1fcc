/**
 * A relay that lies, as one phone sees it: entries that its socket hands over are altered on the way, and nothing else comes, so that the phone stays as
 * it is: by the next head it would find out, and mend that within a second.
 *
 * @module
 */
import type { Page } from 'playwright'

interface Lie {
  begin(): void
  end(): void
}

/** The type of ENTRIES. [FR1] */
const ENTRIES = 0x83

/** Before the page is opened. While it goes on, entries that are delivered have a bit that is another, and all else is kept back. */
export async function alterDelivered(page: Page): Promise<Lie> {
  let isGoingOn = false
  await page.routeWebSocket(/^wss:/, (socket) => {
    const relay = socket.connectToServer()
    relay.onMessage((message) => {
      if (!isGoingOn) return socket.send(message)
      if (typeof message === 'string' || message[0] !== ENTRIES) return
      const altered = Buffer.from(message)
      const at = altered.length - 20
      altered.writeUInt8(altered.readUInt8(at) ^ 1, at)
      socket.send(altered)
    })
  })
  return {
    begin: () => {
      isGoingOn = true
    },
    end: () => {
      isGoingOn = false
    },
  }
}
