/**
 * Edits as people remember them: the sittings of one person, or of several who wrote at once, with a pause before and after. Rule HI1.
 *
 * @module
 */
import { bytesToHex } from '@y-sealed/protocol'
import type { Edit } from './edit-table.ts'

/** A person who was silent for longer begins a new sitting. */
export const PAUSE_MS = 300_000
/** Nor does one last longer, so that a day without a pause is told apart. */
export const LONGEST_MS = 3_600_000
/** Somebody who comes back to what others have gone on with in between joins these sittings into one; so many are looked at. */
const LOOKBACK = 8

/** Edits that belong together, at consecutive places but for entries that are no edits. */
export interface EditGroup {
  readonly firstSeq: number
  /** Place of its last edit. */
  readonly seq: number
  readonly edits: number
  /** Device ids (16 bytes), in the order in which they began. */
  readonly devices: readonly Edit['device'][]
  /** Unix ms, as the authors claim; 0 where none does. */
  readonly earliest: number
  readonly latest: number
}

interface Sitting {
  readonly begun: number
  readonly latest: number
}

interface Writer {
  readonly hex: string
  readonly person: string
}

interface Draft {
  firstSeq: number
  seq: number
  edits: number
  earliest: number
  latest: number
  /** A name of it ends it for good. */
  isClosed: boolean
  readonly deviceByHex: Map<string, Edit['device']>
  readonly sittingByPerson: Map<string, Sitting>
}

/**
 * Groups all edits, oldest first. `personOf` names the person of a device (hexadecimal); a group never goes on beyond a place in `ends`. By
 * the same person's claims alone times are compared: two people's clocks may differ.
 */
export function groupEdits(
  table: { readonly length: number; at(index: number): Edit },
  personOf: (device: string) => string,
  ends: ReadonlySet<number> = new Set(),
): readonly EditGroup[] {
  const groups: Draft[] = []
  const sortedEnds = [...ends].toSorted((one, other) => one - other)
  let nextEnd = 0
  const writerByDevice = new Map<Edit['device'], Writer>()
  const writerOf = (device: Edit['device']): Writer => {
    // The table has one object for each device.
    const known = writerByDevice.get(device)
    if (known !== undefined) return known
    const hex = bytesToHex(device)
    const writer = { hex, person: personOf(hex) }
    writerByDevice.set(device, writer)
    return writer
  }
  for (let index = 0; index < table.length; index++) {
    const edit = table.at(index)
    const last = groups.at(-1)
    while (nextEnd < sortedEnds.length && (sortedEnds[nextEnd] as number) < edit.seq) {
      if (last !== undefined) last.isClosed = true
      nextEnd++
    }
    addEdit(groups, edit, writerOf(edit.device))
  }
  return groups.map(({ deviceByHex, firstSeq, seq, edits, earliest, latest }) => ({
    firstSeq,
    seq,
    edits,
    earliest,
    latest,
    devices: [...deviceByHex.values()],
  }))
}

function addEdit(groups: Draft[], edit: Edit, writer: Writer): void {
  const { hex, person } = writer
  for (let at = groups.length - 1; at >= Math.max(0, groups.length - LOOKBACK); at--) {
    const group = groups[at] as Draft
    if (group.isClosed) break
    const sitting = group.sittingByPerson.get(person)
    if (sitting === undefined) continue
    if (!goesOn(sitting, edit.authored) || !mayJoin(group, groups.slice(at + 1))) break
    for (const later of groups.splice(at + 1)) join(group, later)
    return extend(group, edit, hex, person)
  }
  const group: Draft = {
    firstSeq: edit.seq,
    seq: edit.seq,
    edits: 0,
    earliest: 0,
    latest: 0,
    isClosed: false,
    deviceByHex: new Map(),
    sittingByPerson: new Map(),
  }
  extend(group, edit, hex, person)
  groups.push(group)
}

/** Nobody in it had made a pause: an edit that comes late, from a device that was offline, does not bridge one of somebody else. */
function mayJoin(group: Draft, later: readonly Draft[]): boolean {
  const latestByPerson = new Map(group.sittingByPerson)
  for (const { sittingByPerson } of later) {
    for (const [person, sitting] of sittingByPerson) {
      const known = latestByPerson.get(person)
      if (known !== undefined && !goesOn(known, sitting.begun)) return false
      latestByPerson.set(person, sitting)
    }
  }
  return true
}

/** A time that is not said, or goes back, ends nothing. */
function goesOn({ begun, latest }: Sitting, authored: number): boolean {
  return authored === 0 || latest === 0 || (authored - latest <= PAUSE_MS && authored - begun <= LONGEST_MS)
}

function extend(group: Draft, { seq, device, authored }: Edit, hex: string, person: string): void {
  group.seq = seq
  group.edits += 1
  group.deviceByHex.set(hex, group.deviceByHex.get(hex) ?? device)
  const known = group.sittingByPerson.get(person)
  const begun = known?.begun || authored
  group.sittingByPerson.set(person, { begun, latest: Math.max(known?.latest ?? 0, authored) })
  spread(group, authored, authored)
}

function join(group: Draft, later: Draft): void {
  group.seq = later.seq
  group.edits += later.edits
  for (const [hex, device] of later.deviceByHex) group.deviceByHex.set(hex, group.deviceByHex.get(hex) ?? device)
  for (const [person, { begun, latest }] of later.sittingByPerson) {
    const known = group.sittingByPerson.get(person)
    group.sittingByPerson.set(person, {
      begun: known?.begun || begun,
      latest: Math.max(known?.latest ?? 0, latest),
    })
  }
  spread(group, later.earliest, later.latest)
}

function spread(group: Draft, earliest: number, latest: number): void {
  if (earliest > 0) group.earliest = group.earliest === 0 ? earliest : Math.min(group.earliest, earliest)
  group.latest = Math.max(group.latest, latest)
}
