/**
 * Somebody between two devices of one person who pair by a code, and somebody with a recovery file: the relay, say, which carries both.
 */
import { cryptoReady, type Bytes } from '@y-sealed/protocol'
import { randomBytes, type Device } from '@y-sealed/protocol/sealing'
import { beforeAll, describe, expect, it } from 'vitest'

import { writeReadableKey } from '../../client/keys/readable-key.ts'
import {
  commitReveal,
  createReveal,
  matchesCommitment,
  openLink,
  pairingDigits,
  sealLink,
} from '../../client/pairing/handshake.ts'
import { readRecovery, writeRecovery } from '../../client/recovery/recovery-file.ts'
import { createTestDevice } from '../support/raw-client.ts'

const ATTEMPTS = 500

/** What both screens show when Mallory, who knows the code, stands between; `order` is whom she hears out first. */
function standBetween(
  older: Device,
  newer: Device,
  mallory: Device,
  order: 'old first' | 'new first',
): readonly [string, string] {
  const [oldReveal, newReveal] = [createReveal(older), createReveal(newer)]
  // The new device has committed itself; she commits herself to the old one.
  const newCommitment = commitReveal(newReveal)
  let asNew = createReveal(mallory)
  const committed = commitReveal(asNew)
  let asOld = createReveal(mallory)
  if (order === 'old first') {
    // She knows the old device's reveal, and the new one's commitment: she looks for a reveal of hers that would show its digits.
    const wanted = pairingDigits(asNew, oldReveal)
    for (let i = 0; i < 8 && pairingDigits(newCommitment, asOld) !== wanted; i++) asOld = createReveal(mallory)
  } else {
    // She knows what the new device will show, and looks for a reveal with those digits: too late, she has committed herself.
    const wanted = pairingDigits(newReveal, asOld)
    for (let i = 0; i < 8 && pairingDigits(asNew, oldReveal) !== wanted; i++) {
      const other = createReveal(mallory)
      if (matchesCommitment(committed, other)) asNew = other
    }
  }
  expect(matchesCommitment(committed, asNew)).toBe(true)
  return [pairingDigits(newReveal, asOld), pairingDigits(asNew, oldReveal)]
}

describe('somebody between two devices that pair by a code', () => {
  beforeAll(cryptoReady)

  it.each(['old first', 'new first'] as const)(
    'T35 [KM22] makes both show other digits, whomever she hears out first (%s)',
    (order) => {
      const [older, newer, mallory] = [createTestDevice(), createTestDevice(), createTestDevice()]
      let same = 0
      for (let i = 0; i < ATTEMPTS; i++) {
        const [atNew, atOld] = standBetween(older, newer, mallory, order)
        if (atNew === atOld) same += 1
      }
      // One in a million each.
      expect(same).toBeLessThanOrEqual(1)
    },
  )

  it('T35 [KM22] cannot answer with another reveal than she committed herself to', () => {
    const mallory = createTestDevice()
    const reveal = createReveal(mallory)
    const commitment = commitReveal(reveal)
    expect(matchesCommitment(commitment, reveal)).toBe(true)
    for (let at = 0; at < reveal.length; at += 8) {
      expect(matchesCommitment(commitment, reveal.with(at, reveal[at]! ^ 1))).toBe(false)
    }
    expect(matchesCommitment(commitment, createReveal(mallory))).toBe(false)
  })

  it('T35 [KM22] gets no link that was sealed for the other, and gives none that the old device did not sign', () => {
    const [older, newer, mallory] = [createTestDevice(), createTestDevice(), createTestDevice()]
    const [oldReveal, newReveal, hers] = [older, newer, mallory].map(createReveal) as [Bytes, Bytes, Bytes]
    const link = randomBytes(201)
    const message = sealLink(link, older, newReveal, oldReveal) as Bytes
    expect(openLink(message, newer, newReveal, oldReveal)).toEqual(link)
    expect(openLink(message, mallory, newReveal, oldReveal)).toBeNull()
    expect(openLink(message, newer, newReveal, hers)).toBeNull()
    expect(openLink(sealLink(link, mallory, newReveal, oldReveal) as Bytes, newer, newReveal, oldReveal)).toBeNull()
    expect(openLink(message.with(70, message[70]! ^ 1), newer, newReveal, oldReveal)).toBeNull()
  })
})

describe('somebody with a recovery file', () => {
  beforeAll(cryptoReady)

  it('T36 [KM21] and without its key opens nothing, and bends nothing in it unseen', () => {
    const { file, key } = writeRecovery(new Map([['device', randomBytes(64)]]))
    expect(readRecovery(file, key).size).toBe(1)
    expect(() => readRecovery(file, writeReadableKey(randomBytes(16), 7))).toThrow(
      expect.objectContaining({ code: 'RECOVERY_FILE' }),
    )
    for (let at = 1; at < file.length; at += 5) {
      const bent = file.with(at, file[at]! ^ 1)
      expect(() => readRecovery(bent, key)).toThrow(expect.objectContaining({ code: 'RECOVERY_FILE' }))
    }
  })
})
