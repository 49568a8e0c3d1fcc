import { describe, expect, it } from 'vitest'

import { Admission } from '../../../../server/core/admission.ts'
import { DEFAULT_LIMITS, type RelayLimits } from '../../../../server/core/limits.ts'
import type { Place, Turned } from '../../../../server/core/ports.ts'
import { createTestClock } from '../../../support/tokens.ts'

function createScene(limits: Partial<RelayLimits> = {}) {
  const clock = createTestClock()
  const admission = new Admission({ ...DEFAULT_LIMITS, ...limits }, clock)
  const enter = (network = '192.0.2.1'): Place => {
    const place = admission.enter(network)
    if (!place.ok) throw new Error(place.event)
    return place
  }
  return { clock, admission, enter }
}

const turnedOf = (verdict: Place | Turned | null) =>
  verdict === null || verdict.ok ? null : [verdict.status, verdict.event, verdict.retryAfterS]

describe('admission', () => {
  it('[C17] judges so many upgrades of one network at once, and those of others beside them', () => {
    const { admission, enter } = createScene({ upgradesPerNetwork: 3 })
    const places = [enter(), enter(), enter()]
    expect(turnedOf(admission.enter('192.0.2.1'))).toEqual([429, 'upgrades-of-network', 1])
    expect(turnedOf(admission.enter('192.0.2.2'))).toBeNull()
    places[0]?.claim('alice')
    expect(turnedOf(admission.enter('192.0.2.1'))).toBeNull()
  })

  it('[C17] gives one network so many handshakes, and those of others and of nobody beside them', () => {
    const { admission, clock } = createScene({ networkHandshakes: { perSecond: 2, burst: 3 } })
    const ask = (network: string) => Array.from({ length: 5 }, () => admission.beginHandshake(network))
    expect(ask('192.0.2.1')).toEqual([true, true, true, false, false])
    expect(ask('192.0.2.2')).toEqual([true, true, true, false, false])
    expect(ask('')).toEqual([true, true, true, true, true])
    clock.advance(500)
    expect(ask('192.0.2.1')).toEqual([true, false, false, false, false])
  })

  it('[C17] has handshakes for every upgrade and every request for a token that a network may make', () => {
    const { networkHandshakes, networkUpgrades, networkTokenRequests } = DEFAULT_LIMITS
    expect(networkHandshakes.perSecond).toBeGreaterThanOrEqual(
      networkUpgrades.perSecond + networkTokenRequests.perSecond,
    )
    expect(networkHandshakes.burst).toBeGreaterThanOrEqual(networkUpgrades.burst + networkTokenRequests.burst)
  })

  it('[C17] lets one network try so often, good tokens or bad', () => {
    const { admission, enter, clock } = createScene({ networkUpgrades: { perSecond: 1, burst: 2 } })
    for (let i = 0; i < 2; i++) enter().leave()
    expect(turnedOf(admission.enter('192.0.2.1'))).toEqual([429, 'upgrade-rate-of-network', 1])
    clock.advance(1_000)
    expect(turnedOf(admission.enter('192.0.2.1'))).toBeNull()
  })

  it('[H7] turns away the ninth socket of a person and the fifty-first of a network, until one leaves', () => {
    const { admission, enter } = createScene()
    const places = Array.from({ length: 50 }, (_, i) => {
      const place = enter()
      expect(place.claim(`person-${i % 7}`)).toBeNull()
      return place
    })
    expect(turnedOf(admission.enter('192.0.2.1'))).toEqual([429, 'sockets-of-network', 10])
    const elsewhere = enter('192.0.2.2')
    expect(turnedOf(elsewhere.claim('person-0'))).toEqual([429, 'sockets-of-subject', 10])
    elsewhere.leave()
    for (let i = 0; i < 3; i++) places[0]?.leave()
    expect(admission.size).toBe(49)
    expect(enter().claim('person-0')).toBeNull()
    expect(turnedOf(admission.enter('192.0.2.1'))).toEqual([429, 'sockets-of-network', 10])
  })

  it('[H7] is full at some number, and an uncounted network is bound by that and by the person', () => {
    const { admission, enter } = createScene({ sockets: 60, socketsPerSubject: 2 })
    const places = Array.from({ length: 60 }, () => enter(''))
    expect(turnedOf(admission.enter(''))).toEqual([503, 'sockets', 10])
    expect(places.slice(0, 3).map((place) => turnedOf(place.claim('alice'))?.[1])).toEqual([
      undefined,
      undefined,
      'sockets-of-subject',
    ])
    places[0]?.leave()
    expect(admission.enter('').ok).toBe(true)
  })

  it('[H8] lets a storm of five thousand in within a minute, each told its second', () => {
    const { clock, enter } = createScene()
    const waiting = Array.from({ length: 5_000 }, (_, i) => ({ name: `person-${i}`, atS: 0 }))
    const told: Turned[] = []
    let second = 0
    for (; second < 60 && waiting.length > 0; second++, clock.advance(1_000)) {
      let letIn = 0
      for (const one of waiting.splice(0)) {
        if (one.atS > second) {
          waiting.push(one)
          continue
        }
        const place = enter('')
        const turned = place.claim(one.name)
        if (turned === null) {
          letIn++
          continue
        }
        place.leave()
        told.push(turned)
        waiting.push({ ...one, atS: second + turned.retryAfterS })
      }
      expect(letIn).toBeLessThanOrEqual(400)
    }
    expect(waiting).toEqual([])
    expect(new Set(told.map(({ status, event }) => `${status} ${event}`))).toEqual(new Set(['503 accept-rate']))
    expect(Math.max(...told.map(({ retryAfterS }) => retryAfterS))).toBeLessThanOrEqual(30)
    expect(second).toBeLessThan(60)
  })

  it('[C17] does not let noise use up what is meant for good tokens', () => {
    const { enter } = createScene({ accepts: { perSecond: 1, burst: 1 } })
    for (let i = 0; i < 50; i++) enter(`192.0.2.${i}`).leave()
    expect(enter('198.51.100.1').claim('alice')).toBeNull()
  })
})
