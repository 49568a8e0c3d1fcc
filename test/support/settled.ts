/**
 * When several people have the same log, the same text and nothing that is not saved.
 *
 * @module
 */
import { bytesToHex } from '@y-sealed/protocol'
import { expect, vi } from 'vitest'

import type { Peer } from './peer.ts'

export interface Settling {
  readonly peer: Peer
}

/** Seq and transcript of the head. */
export function placeOf({ peer }: Settling): string {
  const { seq, transcript } = peer.provider.head
  return `${seq} ${bytesToHex(transcript)}`
}

/** Resolves when all of them are synced and saved, at one place and with one text. */
export async function settle(...people: readonly Settling[]): Promise<void> {
  await vi.waitFor(
    () => {
      for (const { peer } of people) expect([peer.provider.synced, peer.provider.unsyncedChanges]).toEqual([true, 0])
      expect(new Set(people.map(placeOf)).size).toBe(1)
      expect(new Set(people.map(({ peer }) => peer.text.toJSON())).size).toBe(1)
    },
    { timeout: 30_000, interval: 50 },
  )
}
