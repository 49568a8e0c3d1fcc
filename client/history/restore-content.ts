/**
 * Brings what a document shows back to what it showed at an earlier place of the log, by ordinary edits in one transaction: the log is never
 * rewound, and what others write meanwhile stays. Rule HI3.
 *
 * @module
 */
import { equalityDeep } from 'lib0/function'
import * as Y from 'yjs'
import { copyContent, insertSteps, type DeltaStep } from './copy-type.ts'
import { planList, type PlanStep } from './list-plan.ts'
import { holdsText, listUnits, mapUnits, type Attributes, type SharedType, type Unit } from './list-units.ts'
import { isReservedRoot } from './reserved-root.ts'
import { isSameContent } from './same-content.ts'

export interface RestoreOptions {
  /** Of the transaction. */
  readonly origin: unknown
  /** Clocks by client: what came later than these is no part of what is undone, and stays. */
  readonly since: ReadonlyMap<number, number>
}

/** Makes `doc` show what `past` shows. Both must come from one log. */
export function restoreContent(doc: Y.Doc, past: Y.Doc, { origin, since }: RestoreOptions): void {
  const isNewer = ({ client, clock }: Unit): boolean => clock >= (since.get(client) ?? 0)
  doc.transact(() => {
    const names = new Set([...doc.share.keys(), ...past.share.keys()].filter((name) => !isReservedRoot(name)))
    for (const name of names) restoreType(doc.get(name), past.get(name), isNewer)
  }, origin)
}

function restoreType(live: SharedType, past: SharedType, isNewer: (unit: Unit) => boolean): void {
  restoreMap(live, past, isNewer)
  const plan = planList(listUnits(live), listUnits(past), isNewer)
  if (isText(live, past)) applyToText(live, plan)
  else applyToList(live, plan)
  for (const step of plan) {
    if (step.kind !== 'keep' || step.unit.content.kind !== 'type') continue
    // Other ids, and the same content: there is nothing in it to restore.
    if (step.past?.content.kind === 'type' && isOneUnit(step.unit, step.past))
      restoreType(step.unit.content.type, step.past.content.type, isNewer)
  }
}

function restoreMap(live: SharedType, past: SharedType, isNewer: (unit: Unit) => boolean): void {
  const [now, then] = [mapUnits(live), mapUnits(past)]
  // Every type that has keys keeps them as a map does, also one whose kind the app has not said yet.
  const map = live as Y.Map<unknown>
  for (const key of new Set([...now.keys(), ...then.keys()])) {
    const [unit, old] = [now.get(key), then.get(key)]
    if (unit !== undefined && isNewer(unit)) continue
    if (old === undefined) Y.Map.prototype.delete.call(map, key)
    else if (unit?.content.kind === 'type' && old.content.kind === 'type' && isOneUnit(unit, old))
      restoreType(unit.content.type, old.content.type, isNewer)
    else if (unit === undefined || !isSameContent(unit.content, old.content))
      Y.Map.prototype.set.call(map, key, copyContent(old.content))
  }
}

function applyToText(text: SharedType, plan: readonly PlanStep[]): void {
  const delta = plan.some((step) => step.kind !== 'keep' || changesOf(step) !== null) ? toDelta(plan) : []
  if (delta.length > 0) Y.Text.prototype.applyDelta.call(text as Y.Text, delta)
}

function toDelta(plan: readonly PlanStep[]): DeltaStep[] {
  const delta: DeltaStep[] = []
  let missing: Unit[] = []
  for (const step of [...plan, null]) {
    if (step?.kind === 'insert') {
      missing.push(step.past)
      continue
    }
    for (const each of insertSteps(missing)) delta.push(each)
    missing = []
    const last = delta.at(-1)
    if (step?.kind === 'drop') {
      if (last?.delete === undefined) delta.push({ delete: step.unit.length })
      else delta.splice(-1, 1, { delete: last.delete + step.unit.length })
    } else if (step !== null && step !== undefined) {
      const changes = changesOf(step)
      if (last?.retain !== undefined && equalityDeep(last.attributes, changes ?? undefined))
        delta.splice(-1, 1, { ...last, retain: last.retain + step.unit.length })
      else delta.push({ retain: step.unit.length, ...(changes ? { attributes: changes } : {}) })
    }
  }
  return delta
}

/** What formatting has to change where a unit stays. */
function changesOf({ unit, past }: PlanStep & { readonly kind: 'keep' }): Record<string, unknown> | null {
  if (past === null || equalityDeep(unit.attributes, past.attributes)) return null
  const gone = Object.keys(unit.attributes).filter((name) => !(name in past.attributes))
  const changed = Object.entries(past.attributes).filter(([name, value]) => !hasAttribute(unit.attributes, name, value))
  return Object.fromEntries([...gone.map((name) => [name, null]), ...changed]) as Record<string, unknown>
}

function hasAttribute(attributes: Attributes, name: string, value: unknown): boolean {
  return name in attributes && equalityDeep(attributes[name], value)
}

function applyToList(list: SharedType, plan: readonly PlanStep[]): void {
  const array = list as Y.Array<unknown>
  let index = 0
  let missing: unknown[] = []
  const insertMissing = (): void => {
    if (missing.length > 0) Y.Array.prototype.insert.call(array, index, missing)
    index += missing.length
    missing = []
  }
  for (const step of plan) {
    if (step.kind === 'insert') {
      missing.push(copyContent(step.past.content))
      continue
    }
    insertMissing()
    if (step.kind === 'keep') index += step.unit.length
    else Y.Array.prototype.delete.call(array, index, step.unit.length)
  }
  insertMissing()
}

/** One that the app has not named yet is known by what is in it. */
function isText(live: SharedType, past: SharedType): boolean {
  if (live.constructor !== Y.AbstractType) return live instanceof Y.Text
  return holdsText(live) || holdsText(past)
}

function isOneUnit(one: Unit, other: Unit): boolean {
  return one.client === other.client && one.clock === other.clock
}
