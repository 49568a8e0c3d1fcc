/**
 * Sockets as a phone finds them when it wakes up: open by all that the page can see, and dead. Nothing that is sent arrives, nothing comes.
 *
 * @module
 */
import type { Page } from 'playwright'

/** Before the page is opened. What it returns kills every socket that is open then; those that are dialled later live. */
export async function plantZombies(page: Page): Promise<() => Promise<number>> {
  await page.addInitScript(() => {
    const sockets = new Set<Mortal>()
    class Mortal extends WebSocket {
      isDead = false
      constructor(url: string, protocols: string[]) {
        super(url, protocols)
        sockets.add(this)
        // Before the page's own listeners: they hear nothing of what comes after its death.
        for (const name of ['message', 'close', 'error'])
          this.addEventListener(name, (event) => this.isDead && event.stopImmediatePropagation())
      }
      override send(data: string | Blob | BufferSource): void {
        if (!this.isDead) super.send(data)
      }
      override close(code?: number, reason?: string): void {
        // Nobody answers the closing handshake either.
        if (!this.isDead) super.close(code, reason)
      }
    }
    const kill = (): number => {
      const open = [...sockets].filter(({ readyState, isDead }) => readyState === WebSocket.OPEN && !isDead)
      for (const socket of open) socket.isDead = true
      return open.length
    }
    Object.assign(globalThis, { WebSocket: Mortal, killSockets: kill })
  })
  return async () => await page.evaluate(() => (globalThis as unknown as { killSockets: () => number }).killSockets())
}
