/**
 * A relay that lies, as one phone sees it: the next entries that its socket hands over are altered on the way, and then nothing comes any more, so that
 * the phone stays as it is: it would mend that in a second.
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

/** Before the page is opened. While it goes on, the first entries that are delivered have a bit that is another, and what follows them is kept back. */
export async function alterDelivered(page: Page): Promise<Lie> {
  let isGoingOn = false
  let isTold = false
  await page.routeWebSocket(/^wss:/, (socket) => {
    const relay = socket.connectToServer()
    relay.onMessage((message) => {
      if (isGoingOn && isTold) return
      if (!isGoingOn || typeof message === 'string' || message[0] !== ENTRIES) return socket.send(message)
      isTold = true
      const altered = Buffer.from(message)
      const at = altered.length - 20
      altered.writeUInt8(altered.readUInt8(at) ^ 1, at)
      socket.send(altered)
    })
  })
  return {
    begin: () => {
      isGoingOn = true
      isTold = false
    },
    end: () => {
      isGoingOn = false
    },
  }
}
