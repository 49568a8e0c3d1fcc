/** Edits as people remember them. */
import { bytesToHex, type Bytes, type Envelope } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

import { groupEdits, LONGEST_MS, PAUSE_MS } from '../../../../client/history/edit-groups.ts'
import { EditTable } from '../../../../client/history/edit-table.ts'

const MINUTE = 60_000
const START = 1_767_225_600_000

const deviceOf = (letter: string): Bytes => new Uint8Array(16).fill(letter.charCodeAt(0))

/** Edits as `who` minute: `a0 a1 b90`; consecutive places from 2 on. A minute of `?` is not said. */
function tableOf(edits: string): EditTable {
  const table = new EditTable()
  for (const [index, edit] of edits.split(' ').entries()) {
    const minute = edit.slice(1)
    const authored = minute === '?' ? 0 : START + Number(minute) * MINUTE
    const envelope = { device: deviceOf(edit[0] as string) } as Envelope
    table.take({ kind: 'update', seq: index + 2, envelope, authored, update: new Uint8Array(0) })
  }
  return table
}

/** Who, from which place to which: `ab 2-7`. Capitals are the same person's further devices. */
function groupsOf(edits: string, ends: readonly number[] = []): readonly string[] {
  const letterOf = (device: string): string => String.fromCharCode(Number.parseInt(device.slice(0, 2), 16))
  const groups = groupEdits(tableOf(edits), (device) => letterOf(device).toLowerCase(), new Set(ends))
  return groups.map(({ devices, firstSeq, seq }) => {
    return `${devices.map((device) => letterOf(bytesToHex(device))).join('')} ${firstSeq}-${seq}`
  })
}

describe('[HI1] versions', () => {
  it.each([
    ['one sitting of one person', 'a0 a1 a2', ['a 2-4']],
    ['a pause', 'a0 a5 a11', ['a 2-3', 'a 4-4']],
    ['one after the other', 'a0 a1 b2 b3', ['a 2-3', 'b 4-5']],
    ['both at once', 'a0 b0 a1 b1 a2', ['ab 2-6']],
    ['one joins in between, and the first goes on alone', 'a0 b1 a2 a3', ['ab 2-5']],
    ['one comes back after a pause of their own', 'a0 b1 b4 a7 b8', ['a 2-2', 'ba 3-6']],
    ['two devices of a person', 'a0 A1 a2', ['aA 2-4']],
    ['clocks that differ by hours', 'a0 b200 a1 b201', ['ab 2-5']],
    ['a clock that is set back', 'a100 a3 a4', ['a 2-4']],
    ['edits of a day offline, which come late', 'a100 b5 b6 a101', ['ab 2-5']],
    ['an edit that comes late, after a pause of somebody else', 'a0 b0 b60 a1', ['a 2-2', 'b 3-3', 'b 4-4', 'a 5-5']],
    ['times that are not said', 'a? a? b? a?', ['ab 2-5']],
    ['no edits at all', '', []],
  ])('are told apart: %s', (_, edits, groups) => {
    expect(edits === '' ? groupEdits(new EditTable(), String) : groupsOf(edits)).toEqual(groups)
  })

  it('end where one is named, and what follows begins another, also between two who write at once', () => {
    expect(groupsOf('a0 b0 a1 b1 a2 b2', [4])).toEqual(['ab 2-4', 'ba 5-7'])
    expect(groupsOf('a0 a0 a1', [2, 3])).toEqual(['a 2-2', 'a 3-3', 'a 4-4'])
  })

  it('last an hour at most, however steadily somebody writes', () => {
    const edits = Array.from({ length: 130 }, (_, minute) => `a${minute}`).join(' ')
    expect(groupsOf(edits)).toEqual(['a 2-62', 'a 63-123', 'a 124-131'])
    expect([PAUSE_MS, LONGEST_MS]).toEqual([5 * MINUTE, 60 * MINUTE])
  })

  it('say the times that were claimed, and how many edits', () => {
    const [group] = groupEdits(tableOf('a3 b? a4 b1'), String)
    expect(group).toMatchObject({ edits: 4, earliest: START + MINUTE, latest: START + 4 * MINUTE })
    expect(groupEdits(tableOf('a?'), String)).toMatchObject([{ earliest: 0, latest: 0 }])
  })

  it('cost little when there are many', () => {
    const edits = Array.from({ length: 100_000 }, (_, index) => `${'abc'[index % 3]}${Math.floor(index / 10)}`)
    const table = tableOf(edits.join(' '))
    const start = performance.now()
    expect(groupEdits(table, String).length).toBeGreaterThan(100)
    expect(performance.now() - start).toBeLessThan(2_000)
  })
})

describe('[HI1] the table of edits', () => {
  it('finds an edit by its place, and how many come before', () => {
    const table = tableOf(Array.from({ length: 1_000 }, (_, index) => `a${index}`).join(' '))
    expect([table.length, table.at(500).seq, table.countThrough(501), table.has(1), table.has(2)]).toEqual([
      1_000,
      502,
      500,
      false,
      true,
    ])
    expect(() => table.at(1_000)).toThrow(RangeError)
  })

  it('begins anew where the log is read anew, and counts no entry that is no edit', () => {
    const table = tableOf('a0 b1')
    const envelope = { device: deviceOf('c') } as Envelope
    table.take({ kind: 'noted', seq: 4, envelope })
    expect(table.length).toBe(2)
    table.take({ kind: 'noted', seq: 3, envelope })
    expect(table.length).toBe(1)
    table.take({ kind: 'noted', seq: 1, envelope })
    expect(table.length).toBe(0)
  })
})
