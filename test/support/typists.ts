/**
 * People who type at the speed of people: a letter at a time, each timed until the relay has it on disk.
 *
 * @module
 */
import { percentile } from '../bench/figures.ts'
import { createRoom, join, type Peer, type RelayAddress } from './peer.ts'

/** Eight letters a second: a hundred words a minute. */
const LETTER_MS = 125

/** A stretch of time: from typing to ACK, in milliseconds. */
export interface TypingWindow {
  readonly letters: number
  /** Of each letter. */
  readonly delaysMs: readonly number[]
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

export interface Typists {
  /** They type for so long. Resolves when all of it is saved. */
  type(windowMs: number): Promise<TypingWindow>
  /** Letters typed so far in each document. */
  readonly lettersByDocument: readonly number[]
  /** What everybody sees of each document. */
  texts(): readonly (readonly string[])[]
  /** Somebody who comes later to a document. */
  joinLater(document: number): Promise<Peer>
  /** Every one of them has been synced ever since. */
  readonly isConnected: boolean
}

/** `perDocument` people at each of `documents` documents, all of them synced. */
export async function gatherTypists(relay: RelayAddress, documents: number, perDocument: number): Promise<Typists> {
  const accesses = await Promise.all(Array.from({ length: documents }, () => createRoom()))
  const groups = await Promise.all(
    accesses.map((access) => Promise.all(Array.from({ length: perDocument }, () => join({ relay, access: access() })))),
  )
  let wasLost = false
  const all = groups.flat()
  await Promise.all(all.map(({ provider }) => provider.whenSynced()))
  for (const { provider } of all) provider.on('status', ({ status }) => (wasLost ||= status !== 'connected'))
  const lettersByDocument = groups.map(() => 0)

  async function type(windowMs: number): Promise<TypingWindow> {
    const delays: number[] = []
    const pending: Promise<void>[] = []
    const typeLetter = ({ text, provider }: Peer, document: number): void => {
      const startedAt = performance.now()
      lettersByDocument[document] = (lettersByDocument[document] as number) + 1
      text.insert(text.length, 'a')
      pending.push(provider.whenSaved().then(() => void delays.push(performance.now() - startedAt)))
    }
    const typists = groups.flatMap((group, document) => group.map((peer) => ({ peer, document })))
    const endsAt = performance.now() + windowMs
    // A letter after the one before, as fingers go: where this process comes late, no two are typed at once to make up for it.
    const typeOn = async ({ peer, document }: (typeof typists)[number], startMs: number): Promise<void> => {
      for (let waitMs = startMs; performance.now() + waitMs < endsAt; waitMs = LETTER_MS) {
        await new Promise((resolve) => setTimeout(resolve, waitMs))
        typeLetter(peer, document)
      }
    }
    await Promise.all(typists.map((typist, i) => typeOn(typist, ((i + 1) * LETTER_MS) / typists.length)))
    await Promise.all(pending)
    return {
      letters: delays.length,
      delaysMs: delays,
      p50Ms: percentile(delays, 0.5),
      p99Ms: percentile(delays, 0.99),
      maxMs: Math.max(...delays),
    }
  }

  return {
    lettersByDocument,
    get isConnected() {
      return !wasLost
    },
    type,
    texts: () => groups.map((group) => group.map(({ text }) => text.toJSON())),
    async joinLater(document) {
      const access = accesses[document]
      if (access === undefined) throw new RangeError('there is no such document')
      const peer = await join({ relay, access: access() })
      await peer.provider.whenSynced()
      return peer
    },
  }
}
