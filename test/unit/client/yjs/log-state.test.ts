import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'

import type { Bytes } from '@y-sealed/protocol'
import { LogState } from '../../../../client/yjs/log-state.ts'
import { diffAgainst, extendedClients, MAX_MERGED_UPDATES, mergeBatch } from '../../../../client/yjs/outgoing.ts'

const ALICE = new Uint8Array(16).fill(1)
const BOB = new Uint8Array(16).fill(2)

describe('LogState', () => {
  it('[CL2] binds a client to the first device that names it, for ever', () => {
    const state = new LogState()
    expect(state.deviceOf(5)).toBeNull()
    expect(state.bind(5, ALICE)).toBe('bound')
    expect(state.bind(5, BOB)).toBe('taken')
    expect(state.bind(5, ALICE)).toBe('same')
    expect(state.deviceOf(5)).toEqual(ALICE)
  })

  it('[CL2] keeps its own copy of the device', () => {
    const state = new LogState()
    const device = ALICE.slice()
    state.bind(5, device)
    device.fill(9)
    expect(state.deviceOf(5)).toEqual(ALICE)
  })

  it('[CL3] only grows', () => {
    const state = new LogState()
    state.grow(new Map([[5, 10]]))
    state.grow(new Map([[5, 7]]))
    expect(state.clockOf(5)).toBe(10)
    expect(state.clockOf(6)).toBe(0)
  })

  it('[LO10] lists bound clients by ascending id, and is made again from them and the clocks', () => {
    const state = new LogState()
    state.bind(9, BOB)
    state.bind(5, ALICE)
    state.grow(new Map([[5, 3]]))
    expect(state.boundClients()).toEqual([
      { client: 5, device: ALICE },
      { client: 9, device: BOB },
    ])
    const again = LogState.load(state.clocks(), state.boundClients())
    expect(again.boundClients()).toEqual(state.boundClients())
    expect(again.clocks()).toEqual(state.clocks())
  })

  it('[CL5] gives the state vector against which Yjs makes what the log lacks', () => {
    const doc = new Y.Doc()
    doc.getText('t').insert(0, 'sent')
    const state = new LogState()
    state.grow(new Map([[doc.clientID, 4]]))
    expect(Y.decodeStateVector(state.stateVector())).toEqual(new Map([[doc.clientID, 4]]))
    doc.getText('t').insert(4, ' not')
    const diff = diffAgainst(doc, state.clocks())
    expect(Y.encodeStateAsUpdateV2(doc, state.stateVector())).toEqual(diff)
    expect(Y.parseUpdateMetaV2(diff).from).toEqual(new Map([[doc.clientID, 4]]))
  })
})

describe('outgoing', () => {
  const edits = (count: number): Bytes[] => {
    const doc = new Y.Doc()
    doc.clientID = 5
    const updates: Bytes[] = []
    doc.on('updateV2', (update: Uint8Array) => updates.push(update as Bytes))
    for (let i = 0; i < count; i++) doc.getText('t').insert(0, 'x')
    return updates
  }

  it('[CL5] names the clients that an update has structs of', () => {
    expect(extendedClients(edits(1)[0] as Bytes)).toEqual([5])
    expect(extendedClients(new Uint8Array([7]))).toEqual([])
  })

  it('[CL5] merges a small group into one update, and leaves a large one to a diff', () => {
    const merged = mergeBatch(edits(MAX_MERGED_UPDATES)) as Bytes
    expect(Y.parseUpdateMetaV2(merged).to).toEqual(new Map([[5, MAX_MERGED_UPDATES]]))
    expect(mergeBatch(edits(MAX_MERGED_UPDATES + 1))).toBeNull()
    expect(mergeBatch([])).toBeNull()
  })
})
