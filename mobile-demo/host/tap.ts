/**
 * The tap of the demo: what the relay stores, as it stores it, for the page that shows it. The relay itself has none. To this computer alone, and
 * to pages of this origin alone.
 *
 * @module
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'

import { isFromHere } from './from-here.ts'
import type { TapAnswer, TapQuestion } from './tap-reader.ts'

export interface Tap {
  /** Answers `GET /demo/tap` with server-sent events: all that is stored from then on. Leaves all else. */
  answer(request: IncomingMessage, response: ServerResponse): boolean
  /** An event of another name, to all who listen. */
  tell(event: string, data: unknown): void
  close(): void
}

const POLL_MS = 100
const MAX_LISTENERS = 8
/** Whoever takes no more is let go. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024

/** `data`: the relay's folder, read once somebody listens. */
export function createTap(data: string): Tap {
  const listeners = new Set<ServerResponse>()
  let reader: ChildProcess | null = null
  const closing = new AbortController()

  const ask = async (question: TapQuestion): Promise<TapAnswer> => {
    reader ??= fork(fileURLToPath(new URL('tap-reader.ts', import.meta.url)), [data])
    const stop = new AbortController()
    const { signal } = stop
    try {
      const answered = once(reader, 'message', { signal }) as Promise<[TapAnswer]>
      const ended = once(reader, 'exit', { signal }).then(() => Promise.reject(new Error('the reader has ended')))
      reader.send(question)
      const [answer] = await Promise.race([answered, ended])
      return answer
    } finally {
      stop.abort()
    }
  }

  const run = async (): Promise<void> => {
    let { newest } = await ask({ after: null })
    for (const listener of listeners) listener.flushHeaders()
    while (!closing.signal.aborted && listeners.size > 0) {
      const answer = await ask({ after: newest })
      newest = answer.newest
      for (const listener of listeners) {
        if (listener.writableLength > MAX_WAITING_BYTES) listener.destroy()
        else if (answer.rows.length > 0) listener.write(`data: ${JSON.stringify(answer.rows)}\n\n`)
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }

  const letGo = (): void => {
    for (const listener of listeners) listener.destroy()
    listeners.clear()
  }

  let running: Promise<void> | null = null
  const start = (): void => {
    running ??= run()
      // Its end is the reader's, which said why on standard error; the page shows that it hears nothing.
      .catch(letGo)
      .finally(() => {
        running = null
        if (listeners.size > 0 && !closing.signal.aborted) start()
      })
  }

  return {
    answer(request, response) {
      const { method, url } = request
      if (url !== '/demo/tap' || method !== 'GET' || closing.signal.aborted || !isFromHere(request)) return false
      if (listeners.size >= MAX_LISTENERS) return false
      response.writeHead(200, {
        'Content-Type': 'text/event-stream',
        'Cache-Control': 'no-store',
        'Cross-Origin-Resource-Policy': 'same-origin',
        'X-Content-Type-Options': 'nosniff',
      })
      listeners.add(response)
      response.on('close', () => listeners.delete(response))
      // Where others listen already, all from now on comes to this one as well.
      if (running !== null) response.flushHeaders()
      start()
      return true
    },
    tell(event, data) {
      for (const listener of listeners) listener.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
    },
    close() {
      closing.abort()
      letGo()
      if (reader?.connected === true) reader.disconnect()
    },
  }
}
