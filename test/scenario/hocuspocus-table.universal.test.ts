import { describe, expect, inject, it } from 'vitest'

import { HOCUSPOCUS_TABLE } from '../support/adapters/hocuspocus-table.ts'
import { createAppRoom } from '../support/adapters/y-websocket-peer.ts'

const relay = inject('relay')

describe("Hocuspocus' own promises over our class", () => {
  for (const { kind, names, does, prove } of HOCUSPOCUS_TABLE) {
    it(`[CL60] ${kind} ${names.join(', ')}: ${does}`, async () => {
      expect.hasAssertions()
      await prove({ relay, ...createAppRoom() })
    })
  }
})
