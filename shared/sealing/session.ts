/**
 * A writing session: the one hash chain that a device adds to in one document during one run. It is the only way by which entries are
 * sealed in order, so that an honest device never signs two envelopes for one counter. Rules EN12, LO8.
 *
 * @module
 */
import { KIND, prevOf, type Bytes, type Kind } from '@y-sealed/protocol'
import type { Device } from './device.ts'
import type { EpochKey } from './epoch-key.ts'
import { randomBytes, type RandomSource } from './random.ts'
import { seal, type PublicEpoch, type Sealed } from './seal.ts'

export const SESSION_BYTES = 8

/** The last head of the log that the author has verified: seq, and at least the first 16 bytes of the transcript. [LO3] */
export interface Seen {
  readonly seq: number
  readonly transcript: Bytes
}

/** Counters and chain of one (device, session). */
export class Session {
  /** 8 random bytes. */
  readonly id: Bytes
  readonly #document: Bytes
  readonly #device: Device
  #counter = 0
  #prev: Bytes = new Uint8Array(16)
  #awarenessCounter = 0
  #snapshotCounter = 0

  constructor(document: Bytes, device: Device, random: RandomSource = randomBytes) {
    this.id = random(SESSION_BYTES)
    this.#document = document
    this.#device = device
  }

  /** Counter of the newest entry sealed here; 0 for none. */
  get counter(): number {
    return this.#counter
  }

  /** Seals the next entry of the chain; one in clear needs no key. Throws as {@link seal}; the chain has then not moved. */
  sealEntry(kind: Exclude<Kind, 7 | 8>, content: Bytes, key: EpochKey | PublicEpoch, seen: Seen): Sealed {
    const sealed = seal(this.#sealable(kind, this.#counter + 1, this.#prev, content, seen), key, this.#device)
    this.#counter += 1
    this.#prev = prevOf(sealed.id)
    return sealed
  }

  /** Seals presence, which is in no log and has a counter of its own. [FR10] */
  sealAwareness(content: Bytes, key: EpochKey, seen: Seen): Sealed {
    this.#awarenessCounter += 1
    const prev = new Uint8Array(16)
    return seal(this.#sealable(KIND.awareness, this.#awarenessCounter, prev, content, seen), key, this.#device)
  }

  /** Seals a snapshot of the log up to `seen`, which is in no log and has a counter of its own. [LO10] */
  sealSnapshot(content: Bytes, key: EpochKey, seen: Seen): Sealed {
    const sealable = this.#sealable(KIND.snapshot, this.#snapshotCounter + 1, new Uint8Array(16), content, seen)
    const sealed = seal(sealable, key, this.#device)
    this.#snapshotCounter += 1
    return sealed
  }

  #sealable(kind: Kind, counter: number, prev: Bytes, content: Bytes, seen: Seen): Parameters<typeof seal>[0] {
    return {
      kind,
      document: this.#document,
      session: this.id,
      counter,
      prev,
      seenSeq: seen.seq,
      seenTranscript: seen.transcript.subarray(0, 16),
      content,
    }
  }
}
