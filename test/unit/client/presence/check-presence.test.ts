import { describe, expect, it } from 'vitest'

import { checkPresence } from '../../../../client/presence/check-presence.ts'

const said = (state: string, clock = 1, clientId = 5): { clientId: number; clock: number; state: string } => ({
  clientId,
  clock,
  state,
})

describe('checkPresence', () => {
  it('[CL7] gives the state of an object, and null for a client that is gone', () => {
    expect(checkPresence(said('{"name":"alice"}'), 0)).toEqual({ ok: true, state: { name: 'alice' } })
    expect(checkPresence(said(''), 64)).toEqual({ ok: true, state: null })
    expect(checkPresence(said('{}', 2 ** 32), 63)).toEqual({ ok: true, state: {} })
  })

  it.each([
    ['[K17] a clock that pins a cursor for ever', said('{}', 2 ** 53 - 2), 0, 'clock'],
    ['[CL7] a clock above 2^32', said('{}', 2 ** 32 + 1), 0, 'clock'],
    ['[CL7] a clock that is none', said('{}', -1), 0, 'clock'],
    ['[CL7] a client id that is none', said('{}', 1, 2 ** 53), 0, 'client'],
    ['[K17] a sixty-fifth state', said('{}'), 64, 'full'],
    ['[CL7] 2 049 characters', said(`{"a":"${'x'.repeat(2041)}"}`), 0, 'size'],
    ['[CL7] 2 049 bytes in fewer characters', said(`{"a":"${'é'.repeat(1020)}x"}`), 0, 'size'],
    ['[CL7] no JSON', said('{'), 0, 'state'],
    ['[CL7] a list', said('[]'), 0, 'state'],
    ['[CL7] null', said('null'), 0, 'state'],
    ['[CL7] a word', said('"alice"'), 0, 'state'],
  ] as const)('refuses %s', (_, content, others, code) => {
    expect(checkPresence(content, others)).toEqual({ ok: false, code })
  })
})
