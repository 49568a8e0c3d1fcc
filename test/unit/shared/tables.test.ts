/** Numbers and names that belong together. */
import {
  ALL_PERMISSIONS,
  CLIENT_FRAME,
  isPermission,
  kindName,
  packPermissions,
  PERMISSIONS,
  RECORD,
  REFUSALS,
  refusalOf,
  RELAY_FRAME,
  ROLE,
  roleOf,
  unpackPermissions,
  type Permission,
} from '@y-sealed/protocol'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const SPEC = readFileSync(new URL('../../../shared/SPEC.md', import.meta.url), 'utf8')

/** Rows `| 0xNN | NAME …` of FR3 and FR4. */
function framesOfSpec(): [number, string][] {
  return [...SPEC.matchAll(/^\| 0x([0-9a-f]{2}) \| ([A-Z_]+)/gmu)].map((row) => [
    Number.parseInt(row[1]!, 16),
    row[2]!.toLowerCase().replaceAll('_', '-'),
  ])
}

describe('tables', () => {
  it('[FR3] [FR4] have the frames of SPEC.md, type by type', () => {
    const coded = [...Object.entries(CLIENT_FRAME), ...Object.entries(RELAY_FRAME)]
    const rows = coded.map(([name, type]): [number, string] => [type, name])
    const sort = (list: [number, string][]): string[] => list.map(([type, name]) => `${type} ${name}`).sort()
    expect(sort(rows)).toEqual(sort(framesOfSpec()))
  })

  it('[FR20] have the codes of SPEC.md, with their names', () => {
    const rows = [...SPEC.matchAll(/^\| (\d{5}) \| ([A-Z_]+)/gmu)].map((row) => [row[2], Number(row[1])])
    expect(Object.entries(REFUSALS).map(([code, { number }]) => [code, number])).toEqual(rows)
    expect(rows.map(([, number]) => refusalOf(number as number))).toEqual(rows.map(([code]) => code))
    expect(refusalOf(1)).toBeNull()
  })

  it('[KM9] have the records of SPEC.md', () => {
    const rows = [...SPEC.matchAll(/^\| (\d{1,2}) \| `([a-z-]+)`/gmu)].map((row) => `${row[1]} ${row[2]}`)
    expect(Object.entries(RECORD).map(([name, type]) => `${type} ${name}`)).toEqual([...new Set(rows)])
  })

  it('[KM10] [FR4] have four roles', () => {
    expect([0, 1, 2, 3, 4, -1, 0.5].map(roleOf)).toEqual(['none', 'reader', 'writer', 'admin', null, null, null])
    expect(Object.values(ROLE)).toEqual([0, 1, 2, 3])
  })

  it('[AU4] pack and unpack every set of permissions', () => {
    for (let bits = 0; bits <= ALL_PERMISSIONS; bits++) expect(packPermissions(unpackPermissions(bits)!)).toBe(bits)
    expect(packPermissions(Object.keys(PERMISSIONS) as Permission[])).toBe(ALL_PERMISSIONS)
    expect([128, -1, 0.5, 65_535, Number.NaN].map(unpackPermissions)).toEqual([null, null, null, null, null])
    expect(unpackPermissions(5)).toEqual(['read', 'awareness'])
  })

  it('[AU4] know a permission from a property of objects', () => {
    expect(['read', 'toString', '__proto__', 'READ'].map(isPermission)).toEqual([true, false, false, false])
  })

  it('[EN3] name eight kinds', () => {
    expect([0, 1, 8, 9].map(kindName)).toEqual([null, 'update', 'awareness', null])
  })
})
