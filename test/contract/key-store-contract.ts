/**
 * What every KeyStore must do, run on each adapter.
 *
 * @module
 */
import type { KeyStore } from '@y-sealed/client'
import { describe, expect, it } from 'vitest'

export interface KeyStoreHarness {
  open(): Promise<KeyStore>
  /** Another handle on what the first has stored. */
  reopen(): Promise<KeyStore>
}

/** `durable`: what was set before survives opening again. */
export function keyStoreContract(name: string, durable: boolean, harness: () => KeyStoreHarness): void {
  describe(`key store: ${name}`, () => {
    it('gives back what was set, and null for what was not', async () => {
      const keys = await harness().open()
      await keys.set('device', new Uint8Array([1, 2, 3]))
      expect(await keys.get('device')).toEqual(new Uint8Array([1, 2, 3]))
      expect(await keys.get('devic')).toBeNull()
    })

    it('replaces a value whole, also by a shorter one', async () => {
      const keys = await harness().open()
      await keys.set('a', new Uint8Array(64).fill(1))
      await keys.set('a', new Uint8Array([2]))
      expect(await keys.get('a')).toEqual(new Uint8Array([2]))
    })

    it('[KM1] adds where nothing is, once, whoever asks', async () => {
      const keys = await harness().open()
      const values = [1, 2, 3, 4].map((byte) => new Uint8Array(64).fill(byte))
      await Promise.all(values.map((value) => keys.add('device', value)))
      expect(await keys.get('device')).toEqual(values[0])
      expect(await keys.list('')).toEqual(['device'])
      await keys.delete('device')
      await keys.add('device', new Uint8Array([9]))
      expect(await keys.get('device')).toEqual(new Uint8Array([9]))
    })

    it('keeps its own copy on the way in and out', async () => {
      const keys = await harness().open()
      const value = new Uint8Array([1])
      await keys.set('a', value)
      value[0] = 9
      const read = await keys.get('a')
      if (read) read[0] = 8
      expect(await keys.get('a')).toEqual(new Uint8Array([1]))
    })

    it('ends with the last value of those that are set without waiting', async () => {
      const keys = await harness().open()
      const values = [1, 2, 3, 4, 5, 6, 7, 8].map((byte) => new Uint8Array(byte === 8 ? 1 : 4096).fill(byte))
      await Promise.all(values.map((value) => keys.set('a', value)))
      expect(await keys.get('a')).toEqual(new Uint8Array([8]))
      await Promise.all([keys.set('a', values[0]!), keys.delete('a')])
      expect(await keys.get('a')).toBeNull()
    })

    it('stores a value as it is when it is given', async () => {
      const keys = await harness().open()
      const value = new Uint8Array([1, 2])
      const stored = keys.set('a', value)
      value.fill(9)
      await stored
      expect(await keys.get('a')).toEqual(new Uint8Array([1, 2]))
    })

    it('lists names by prefix in ascending order, whatever characters they have', async () => {
      const keys = await harness().open()
      for (const each of [
        'document/b',
        'document/A-_',
        'device',
        'document/../x',
        'head-key/wss://relay.example/sync',
      ]) {
        await keys.set(each, new Uint8Array([1]))
      }
      expect(await keys.list('document/')).toEqual(['document/../x', 'document/A-_', 'document/b'])
      expect(await keys.list('head-key/')).toEqual(['head-key/wss://relay.example/sync'])
    })

    it('deletes, and deleting nothing is no error', async () => {
      const keys = await harness().open()
      await keys.set('a', new Uint8Array([1]))
      await keys.delete('a')
      await keys.delete('a')
      expect(await keys.get('a')).toBeNull()
      expect(await keys.list('')).toEqual([])
    })

    if (!durable) return
    it('survives being opened again', async () => {
      const own = harness()
      await (await own.open()).set('a', new Uint8Array([7]))
      expect(await (await own.reopen()).get('a')).toEqual(new Uint8Array([7]))
    })
  })
}
