import { describe, expect, inject, it } from 'vitest'

import { createAppRoom } from '../support/adapters/y-websocket-peer.ts'
import { Y_WEBSOCKET_TABLE } from '../support/adapters/y-websocket-table.ts'

const relay = inject('relay')

describe("y-websocket's own promises over our class", () => {
  for (const { kind, names, does, prove } of Y_WEBSOCKET_TABLE) {
    it(`[CL60] ${kind} ${names.join(', ')}: ${does}`, async () => {
      expect.hasAssertions()
      await prove({ relay, ...createAppRoom() })
    })
  }
})
