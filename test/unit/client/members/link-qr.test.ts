import { encode } from 'uqr'
import { expect, it } from 'vitest'

import { FRAGMENT_BYTES } from '../../../../client/links/link-fragment.ts'
import { writeLink, type LinkKind } from '../../../../client/links/link-url.ts'

const fragment = Buffer.alloc(FRAGMENT_BYTES, 0x5a).toString('base64url')

it.each<[LinkKind, number]>([
  ['document', 289],
  ['pairing', 294],
])(
  '[KM12] the link to a %s at an address of 20 characters is a QR code of version 11, or 13 at level M',
  (kind, length) => {
    const link = writeLink(fragment, kind, 'https://app.example/')
    expect(link).toHaveLength(length)
    expect(encode(link, { ecc: 'L' })).toMatchObject({ version: 11, size: 63 })
    expect(encode(link, { ecc: 'M' })).toMatchObject({ version: 13, size: 71 })
  },
)

it('[KM21] a recovery key is a QR code of version 2, in its denser alphabet', () => {
  expect(encode('0123456789ABCDEFGHJKMNPQRSTV', { ecc: 'M' })).toMatchObject({ version: 2, size: 27 })
})
