/**
 * A relay, or somebody on the way, that spoils entries in a way that its own signature tells: they are asked for anew, and once they are what was
 * signed, all goes on by itself.
 */
import { encodeEntries, HEADER_BYTES, type Bytes, type RelayFrame } from '@y-sealed/protocol'
import { expect, it, vi } from 'vitest'

import { showEntries, turnBit, type Link, type Trick } from '../support/lying-relay.ts'
import { halted, haltOf, setStage, whenHealed, type Stage, type Witness } from '../support/stage.ts'

async function write(person: Witness, line: string): Promise<void> {
  person.peer.text.insert(person.text.length, line)
  await person.peer.provider.whenSaved()
}

const spoil = (bytes: Bytes): Bytes => turnBit(bytes, HEADER_BYTES + 9)

/** Each entry that comes by on a socket for the first time; `told` hears of each. */
function spoilFirst(told: (seq: number) => void): Trick<RelayFrame> {
  const shown = new WeakMap<Link, number>()
  return (frame, _message, link) => {
    if (frame?.type !== 'entries') return undefined
    return frame.envelopes.map(({ bytes }, index) => {
      const seq = frame.seq + index
      if (seq <= (shown.get(link) ?? 0)) return encodeEntries(seq, [bytes])
      shown.set(link, seq)
      told(seq)
      return encodeEntries(seq, [spoil(bytes)])
    })
  }
}

async function bobAway(): Promise<{ stage: Stage; alice: Witness; bob: Witness }> {
  const stage = await setStage()
  const alice = await stage.watchHonestly()
  await alice.peer.provider.whenSynced()
  await write(alice, 'first ')
  const bob = await stage.watch()
  await bob.peer.provider.whenSynced()
  bob.peer.provider.disconnect()
  // What is written then does not come to him on the socket that he leaves.
  await vi.waitFor(() => expect(stage.lying.links.filter(({ isOpen }) => isOpen)).toEqual([]))
  await write(alice, 'second ')
  return { stage, alice, bob }
}

it('T2 [K1] [LO4] [CL30] [CL22] what is spoilt at an opening is asked for again, and nobody has to do anything', async () => {
  const { stage, alice, bob } = await bobAway()
  const spoilt = vi.fn()
  stage.lying.toClient = spoilFirst(spoilt)
  const kinds = new Set<string>()
  bob.peer.provider.on('syncStatus', ({ kind }) => kinds.add(kind))
  bob.peer.provider.connect()
  await whenHealed(bob)
  await vi.waitFor(() => expect(bob.text).toBe('first second '))
  expect(spoilt.mock.calls).toEqual([[4]])
  expect(bob.reports.map(({ code }) => code)).toEqual(['WAITING', 'FORK', 'RESTORED'])
  expect(bob.reports.at(-1)).toMatchObject({ since: 4 })
  // People are told of what was altered, and not of another history.
  expect([kinds.has('tampered'), kinds.has('rolled-back')]).toEqual([true, false])
  // What is typed then has seen the true log, and counts for everybody.
  await write(bob, 'third')
  await vi.waitFor(() => expect(alice.text).toBe('first second third'))
  expect([alice.reports, bob.closings]).toEqual([[], []])
})

it(
  'T2 [K1] [LO4] [CL30] what is spoilt each time is left, looked at again by itself, and read on once it is what was signed',
  { timeout: 60_000 },
  async () => {
    const { stage, alice, bob } = await bobAway()
    const spoilt = vi.fn()
    stage.lying.toClient = showEntries((entry) => {
      if (entry.seq !== 4) return [entry]
      spoilt()
      return [{ seq: 4, envelope: spoil(entry.envelope) }]
    })
    bob.peer.provider.connect()
    expect(await haltOf(bob)).toEqual(halted('FORK', 'first '))
    // The first time, and three times more.
    expect(spoilt).toHaveBeenCalledTimes(4)
    stage.lying.repent()
    await vi.waitFor(() => expect(bob.peer.provider.synced).toBe(true), { timeout: 20_000 })
    await bob.peer.provider.whenSaved()
    expect(bob.reports.filter(({ code }) => code !== 'ENTRY_REFUSED').at(-1)).toMatchObject({
      code: 'RESTORED',
      since: 4,
    })
    await vi.waitFor(() => expect(alice.text).toBe(bob.text))
    // What Bob typed while it was left has its place too.
    expect(['first second kept', 'first keptsecond ']).toContain(bob.text)
    expect(bob.peer.provider.syncStatus.kind).toBe('saved')
  },
)

it('T2 [K1] [FR5] what comes before OPENED is passed over, for the opening was asked for without it', async () => {
  const { stage, alice, bob } = await bobAway()
  await write(alice, 'third ')
  const shown = new Map<number, Bytes>()
  stage.lying.toClient = showEntries((entry) => (shown.set(entry.seq, entry.envelope), [entry]))
  const carol = await stage.watch()
  await vi.waitFor(() => expect(carol.text).toBe('first second third '))
  stage.lying.repent()
  const early = vi.fn()
  stage.lying.toRelay = (frame, _message, link) => {
    if (frame?.type !== 'open') return undefined
    early()
    link.toClient(encodeEntries(4, [spoil(shown.get(4) as Bytes)]))
    return undefined
  }
  bob.peer.provider.connect()
  await vi.waitFor(() => expect(bob.text).toBe('first second third '))
  await bob.peer.provider.whenSynced()
  expect([early.mock.calls.length, bob.reports]).toEqual([1, []])
})
