/**
 * Options of ws 8.23 that its types do not know yet; without this a typed caller would have to drop them. SECURITY row 0.1.
 */
import 'ws'

declare module 'ws' {
  namespace WebSocket {
    interface ServerOptions {
      maxFragments?: number | undefined
      maxBufferedChunks?: number | undefined
      maxPendingAutoPongs?: number | undefined
      closeTimeout?: number | undefined
    }
  }
}
