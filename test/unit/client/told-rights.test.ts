/** Role and right to write, as they come from two sides: by the records, and by what the relay has granted upon a new token. */
import { PERMISSIONS } from '@y-sealed/protocol'
import { expect, it } from 'vitest'

import type { Membership } from '../../../client/members/membership.ts'
import { Standing } from '../../../client/provider/standing.ts'
import { ToldRights } from '../../../client/provider/told-rights.ts'

const READ = PERMISSIONS.read
const WRITE = READ | PERMISSIONS.write

it('[KM10] [CL22] tells a reader who has become a writer once more when the relay knows of it: only then edits leave', () => {
  const membership = { recordSeq: 1, role: 'writer' }
  const standing = new Standing(membership as Membership)
  const told: [string, boolean][] = []
  const rights = new ToldRights(standing, (_name, [role]) => told.push([String(role), standing.readOnly]))
  standing.grant({ role: 'writer', permissions: WRITE })
  rights.update()
  membership.role = 'reader'
  rights.update()
  standing.grant({ role: 'reader', permissions: READ })
  rights.update()
  membership.role = 'writer'
  expect(rights.update()).toEqual({ role: true, readOnly: false })
  standing.grant({ role: 'writer', permissions: WRITE })
  expect(rights.update()).toEqual({ role: false, readOnly: true })
  rights.update()
  expect(told).toEqual([
    ['writer', false],
    ['reader', true],
    ['writer', true],
    ['writer', false],
  ])
})
