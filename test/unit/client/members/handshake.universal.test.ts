import { cryptoReady } from '@y-sealed/protocol'
import { createDeviceSeeds, Device } from '@y-sealed/protocol/sealing'
import { beforeAll, describe, expect, it } from 'vitest'

import {
  certificateInReveal,
  commitReveal,
  createPairingCode,
  createReveal,
  matchesCommitment,
  openLink,
  pairingDigits,
  pairingRoomKey,
  sealLink,
} from '../../../../client/pairing/handshake.ts'

beforeAll(() => cryptoReady())

const createDevice = (): Device => new Device(createDeviceSeeds())
const link = Uint8Array.of(1, 2, 3)

describe('two devices of one person', () => {
  it('[KM22] meet in the room of a code that has 40 random bits', () => {
    const code = createPairingCode()
    expect(code).toHaveLength(11)
    expect(pairingRoomKey(code)).toHaveLength(32)
    expect(pairingRoomKey(code.toLowerCase().replace('-', ' '))).toEqual(pairingRoomKey(code))
    expect(pairingRoomKey(createPairingCode())).not.toEqual(pairingRoomKey(code))
    expect(pairingRoomKey('hello')).toBeNull()
  })

  it('[KM22] show the same six digits, and the link is for the new one alone', () => {
    const [old, fresh, other] = [createDevice(), createDevice(), createDevice()]
    const [oldReveal, newReveal] = [createReveal(old), createReveal(fresh)]
    expect(matchesCommitment(commitReveal(newReveal), newReveal)).toBe(true)
    expect(matchesCommitment(commitReveal(newReveal), createReveal(fresh))).toBe(false)
    expect(pairingDigits(newReveal, oldReveal)).toMatch(/^\d{6}$/)
    const sealed = sealLink(link, old, newReveal, oldReveal)
    if (sealed === null) throw new Error('not sealed')
    expect(openLink(sealed, fresh, newReveal, oldReveal)).toEqual(link)
    expect(openLink(sealed, other, newReveal, oldReveal)).toBeNull()
    expect(openLink(sealed, fresh, newReveal, createReveal(other))).toBeNull()
  })

  it('[KM22] see other digits when somebody stands between them', () => {
    const [old, fresh, between] = [createDevice(), createDevice(), createDevice()]
    const [oldReveal, newReveal] = [createReveal(old), createReveal(fresh)]
    const [toOld, toNew] = [createReveal(between), createReveal(between)]
    expect(pairingDigits(newReveal, toNew)).not.toBe(pairingDigits(toOld, oldReveal))
  })

  it('[KM22] take no reveal whose device did not sign its keys', () => {
    const reveal = createReveal(createDevice())
    expect(certificateInReveal(reveal)).not.toBeNull()
    reveal[40] = (reveal[40] ?? 0) ^ 1
    expect(certificateInReveal(reveal)).toBeNull()
    expect(certificateInReveal(reveal.slice(1))).toBeNull()
  })
})
