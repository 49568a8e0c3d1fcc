import { once } from 'node:events'
import { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'

import { answerSocket, createAnswer } from '../../../../server/transport/http-answer.ts'

describe('an answer on a bare socket', () => {
  it('[B9] is rid of the socket after it, even if the peer never ends its half', async () => {
    const written: Buffer[] = []
    const socket = new Duplex({
      allowHalfOpen: true,
      read() {},
      write(chunk: Buffer, _encoding, done) {
        written.push(chunk)
        done()
      },
    })
    answerSocket(socket, 401, false)
    await once(socket, 'close')
    const text = Buffer.concat(written).toString()
    expect(text).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/)
    expect(text).toMatch(/\r\nConnection: close\r\n\r\nUnauthorized\n$/)
  })

  it('[B10] asks for TLS for ever only when told to', () => {
    const name = 'Strict-Transport-Security'
    expect(createAnswer(404, true).headers[name]).toBe('max-age=63072000; includeSubDomains')
    expect(name in createAnswer(404, false).headers).toBe(false)
  })
})
