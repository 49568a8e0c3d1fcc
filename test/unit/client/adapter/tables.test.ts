/**
 * The tables of expectations hold every option, event and member that the published sources have: a new release that brings another one
 * fails here until it has a row.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

import { namesOf } from '../../../support/adapters/expectation.ts'
import { HOCUSPOCUS_TABLE } from '../../../support/adapters/hocuspocus-table.ts'
import { Y_WEBSOCKET_TABLE } from '../../../support/adapters/y-websocket-table.ts'
import { REPOSITORY_ROOT } from '../../../support/repository.ts'

function sourceOf(path: string): string {
  return readFileSync(join(REPOSITORY_ROOT, 'node_modules', path), 'utf8')
}

function allMatches(text: string, pattern: RegExp): readonly string[] {
  return [...new Set([...text.matchAll(pattern)].map((match) => match[1] as string))].toSorted()
}

const yWebsocket = sourceOf('y-websocket/src/y-websocket.js')
const provider = sourceOf('@hocuspocus/provider/src/HocuspocusProvider.ts')
const socket = sourceOf('@hocuspocus/provider/src/HocuspocusProviderWebsocket.ts')

it.each([
  ['y-websocket', 'version', sourceOf('y-websocket/package.json'), '"3.1.0"'],
  ['@hocuspocus/provider', 'version', sourceOf('@hocuspocus/provider/package.json'), '"4.8.0"'],
])('[CL60] the table of %s is of the release that is installed', (_name, field, manifest, version) => {
  expect(manifest).toContain(`"${field}": ${version}`)
})

it('[CL60] every option of y-websocket has a row', () => {
  const options = allMatches(yWebsocket, /@param \{[^\n]+\} \[opts\.(\w+)\]/g)
  expect(options.length).toBe(9)
  expect(namesOf(Y_WEBSOCKET_TABLE, 'option')).toEqual(expect.arrayContaining([...options]))
})

it('[CL60] every event of y-websocket has a row', () => {
  const events = allMatches(yWebsocket, /\.emit\('([\w-]+)'/g)
  expect(events).toEqual(['closed', 'connection-close', 'connection-error', 'status', 'sync', 'synced'])
  expect(namesOf(Y_WEBSOCKET_TABLE, 'event')).toEqual(events)
})

it('[CL60] every member of y-websocket has a row', () => {
  const [, body = ''] = yWebsocket.split('export class WebsocketProvider')
  const members = [...allMatches(body, /this\.(\w+) = /g), ...allMatches(body, /^ {2}(?:[gs]et )?(\w+) \(/gm)]
  const rows = [...namesOf(Y_WEBSOCKET_TABLE, 'member'), ...namesOf(Y_WEBSOCKET_TABLE, 'option')]
  expect(members.length).toBeGreaterThan(25)
  expect(members.filter((name) => name !== 'constructor' && !rows.includes(name))).toEqual([])
})

it.each([
  ['HocuspocusProvider', provider, 'CompleteHocuspocusProviderConfiguration'],
  ['HocuspocusProviderWebsocket', socket, 'CompleteHocuspocusProviderWebsocketConfiguration'],
])('[CL60] every option of %s has a row', (_name, source, declaration) => {
  const [, body = ''] = source.split(`export interface ${declaration} {`)
  const options = allMatches(body.split('\n}')[0] as string, /^\t(\w+)\??: /gm)
  expect(options.length).toBeGreaterThan(15)
  expect(options.filter((name) => !namesOf(HOCUSPOCUS_TABLE, 'option').includes(name))).toEqual([])
})

it('[CL60] every event of Hocuspocus has a row', () => {
  const events = allMatches(provider + socket, /\.emit\(\s*"(\w+)"/g)
  expect(events.length).toBeGreaterThan(12)
  expect(events.filter((name) => !namesOf(HOCUSPOCUS_TABLE, 'event').includes(name))).toEqual([])
})
