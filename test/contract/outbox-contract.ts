/**
 * What every outbox must do, run on each adapter.
 *
 * @module
 */
import type { Outbox, OutboxItem } from '@y-sealed/client'
import type { Bytes } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

/** Opens one. */
export interface OutboxHarness {
  open(): Promise<Outbox>
  /** Another handle on what the first has stored. */
  reopen(): Promise<Outbox>
}

const DOCUMENT = new Uint8Array(16).fill(1)
const OTHER = new Uint8Array(16).fill(2)

function item(session: number, counter: number, options: { document?: Bytes; content?: number } = {}): OutboxItem {
  return {
    document: options.document ?? DOCUMENT,
    session: new Uint8Array(8).fill(session),
    counter,
    envelope: new Uint8Array([options.content ?? counter]),
  }
}

const places = (items: readonly OutboxItem[]): [number, number][] =>
  items.map((each) => [each.session[0] as number, each.counter])

/** `durable`: what was put before survives opening again. */
export function outboxContract(name: string, durable: boolean, harness: () => OutboxHarness): void {
  describe(`outbox: ${name}`, () => {
    it('[LO8] gives items back in the order in which sessions began and counters rise', async () => {
      const outbox = await harness().open()
      for (const each of [item(9, 1), item(9, 3), item(3, 1), item(9, 2)]) await outbox.put(each)
      expect(places(await outbox.list(DOCUMENT))).toEqual([
        [9, 1],
        [9, 2],
        [9, 3],
        [3, 1],
      ])
    })

    it('keeps documents apart', async () => {
      const outbox = await harness().open()
      await outbox.put(item(1, 1))
      await outbox.put(item(1, 1, { document: OTHER, content: 7 }))
      await outbox.remove(OTHER, new Uint8Array(8).fill(1), 1)
      expect(places(await outbox.list(DOCUMENT))).toEqual([[1, 1]])
      expect(await outbox.list(OTHER)).toEqual([])
    })

    it('takes the same item twice as once', async () => {
      const outbox = await harness().open()
      await outbox.put(item(1, 1))
      await outbox.put(item(1, 1))
      expect(await outbox.list(DOCUMENT)).toHaveLength(1)
    })

    it('[LO8] refuses other bytes under a counter that is taken, and keeps the first', async () => {
      const outbox = await harness().open()
      await outbox.put(item(1, 1, { content: 5 }))
      await expect(outbox.put(item(1, 1, { content: 6 }))).rejects.toMatchObject({ code: 'EQUIVOCATION' })
      expect((await outbox.list(DOCUMENT))[0]?.envelope).toEqual(new Uint8Array([5]))
    })

    it('forgets what is acknowledged and nothing beyond it', async () => {
      const outbox = await harness().open()
      for (const counter of [1, 2, 3]) await outbox.put(item(1, counter))
      await outbox.put(item(2, 1))
      await outbox.remove(DOCUMENT, new Uint8Array(8).fill(1), 2)
      await outbox.remove(DOCUMENT, new Uint8Array(8).fill(1), 2)
      expect(places(await outbox.list(DOCUMENT))).toEqual([
        [1, 3],
        [2, 1],
      ])
    })

    it('keeps its own copy: bytes that change afterwards change nothing', async () => {
      const outbox = await harness().open()
      const given = item(1, 1, { content: 5 })
      await outbox.put(given)
      given.envelope[0] = 99
      expect((await outbox.list(DOCUMENT))[0]?.envelope).toEqual(new Uint8Array([5]))
    })

    it('takes an item as it is when it is given, and nothing of the buffer beneath it', async () => {
      const outbox = await harness().open()
      const buffer = new Uint8Array(1000).fill(5)
      const given = { ...item(1, 1), session: new Uint8Array(8).fill(1), envelope: buffer.subarray(10, 12) }
      const put = outbox.put(given)
      buffer.fill(99)
      given.session.fill(99)
      await put
      const [kept] = await outbox.list(DOCUMENT)
      expect(kept).toEqual({ ...item(1, 1), envelope: new Uint8Array([5, 5]) })
      expect(kept?.envelope.buffer.byteLength).toBe(2)
    })

    if (!durable) return
    it('survives being opened again', async () => {
      const own = harness()
      const outbox = await own.open()
      await outbox.put(item(4, 1))
      await outbox.put(item(4, 2))
      await outbox.remove(DOCUMENT, new Uint8Array(8).fill(4), 1)
      const again = await own.reopen()
      expect(places(await again.list(DOCUMENT))).toEqual([[4, 2]])
    })
  })
}
