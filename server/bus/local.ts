/**
 * Buses within one process. A relay alone needs none: what it commits it delivers itself. Several relays in one process, in tests, join
 * an exchange that hands every message to all the others. Rules BU1–BU3.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'

import type { Bus, BusEvents } from '../core/ports.ts'

/** The bus of a relay that shares its store with no other. */
export function createLocalBus(): Bus {
  return {
    isAlone: true,
    async start() {},
    async subscribe() {},
    unsubscribe() {},
    publish() {},
    async close() {},
  }
}

/** Joins buses of one process. Messages are handed on in a later microtask, as a real bus is never synchronous. */
export interface LocalExchange {
  join(): Bus
}

export function createLocalExchange(): LocalExchange {
  const members = new Set<{ events: BusEvents | null; readonly documents: Set<string> }>()
  const keyOf = (document: Bytes): string => Buffer.from(document).toString('hex')
  return {
    join() {
      const self = { events: null as BusEvents | null, documents: new Set<string>() }
      members.add(self)
      return {
        async start(events) {
          self.events = events
        },
        async subscribe(document) {
          self.documents.add(keyOf(document))
        },
        unsubscribe(document) {
          self.documents.delete(keyOf(document))
        },
        publish(document, message) {
          const key = keyOf(document)
          for (const other of members) {
            if (other === self) continue
            queueMicrotask(() => {
              if (other.documents.has(key)) other.events?.message(document, message)
            })
          }
        },
        async close() {
          members.delete(self)
        },
      }
    },
  }
}
