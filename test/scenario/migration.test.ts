/** Plaintext documents go in and come out again by the command line, over a real relay that is killed on the way. */
import Database from 'better-sqlite3'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import * as Y from 'yjs'

import { holdsTheSame } from '../../client/node/migrate/same-content.ts'
import { runClient, startClient, type RelayOfClient } from '../support/client-command.ts'
import type { Finished } from '../support/command-line.ts'
import { filesIn, findLeaks, textCanary } from '../support/leak-scan.ts'
import { startHonestRelay } from '../support/stage.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'

/** By a variable: its declarations cannot be found by its own `exports`. */
const Y_LEVELDB: string = 'y-leveldb'
const { LeveldbPersistence } = (await import(Y_LEVELDB)) as {
  readonly LeveldbPersistence: new (path: string) => {
    storeUpdate(name: string, update: Uint8Array): Promise<number>
    destroy(): Promise<void>
  }
}

const CANARY = `canary${crypto.randomUUID().replaceAll('-', '')}`

/** What three people wrote in a Tiptap editor, one of them at the same time as the others, with a line taken back. */
function writtenByMany(): Y.Doc {
  const [one, two, three] = [new Y.Doc(), new Y.Doc(), new Y.Doc()]
  const sync = (): void => {
    const docs = [one, two, three]
    for (const from of docs) for (const to of docs) Y.applyUpdateV2(to, Y.encodeStateAsUpdateV2(from))
  }
  const block = (name: string, text: string, attributes: Record<string, unknown> = {}): Y.XmlElement => {
    const element = new Y.XmlElement(name)
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value as string)
    element.insert(0, [new Y.XmlText(text)])
    return element
  }
  one
    .getXmlFragment('default')
    .insert(0, [block('heading', 'Shopping', { level: 2 }), block('paragraph', `milk ${CANARY}`)])
  sync()
  const bold = (two.getXmlFragment('default').get(1) as Y.XmlElement).get(0) as Y.XmlText
  bold.format(0, 4, { bold: {} })
  three.getXmlFragment('default').push([block('paragraph', 'bread *or* cake')])
  one.getXmlFragment('default').push([block('paragraph', 'to be deleted')])
  sync()
  const last = one.getXmlFragment('default')
  last.delete(
    last.toArray().findIndex((child) => (child as Y.XmlElement).toJSON().includes('deleted')),
    1,
  )
  sync()
  return one
}

interface Place {
  readonly relay: RelayOfClient & { readonly data: string }
  readonly folder: string
  readonly variables: Readonly<Record<string, string>>
}

async function setPlace(): Promise<Place> {
  const { url, data } = await startHonestRelay([])
  const folder = makeTemporaryFolder()
  const caPath = join(data, 'tls', 'ca.pem')
  return { relay: { url, caPath, data }, folder, variables: { Y_SEALED_KEYS: join(folder, 'keys') } }
}

function expectDone({ exitCode, stdout, stderr }: Finished): string {
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 })
  return stdout
}

async function exportAs(
  { relay, folder, variables }: Place,
  form: string,
  ...more: readonly string[]
): Promise<Buffer> {
  const output = join(folder, `${form}-${crypto.randomUUID()}`)
  expectDone(
    await runClient(
      relay,
      ['export', '--link-file', join(folder, 'link'), '--as', form, '--output', output, ...more],
      variables,
    ),
  )
  expect(statSync(output).mode & 0o777).toBe(0o600)
  return readFileSync(output)
}

const plain = writtenByMany()
let hocuspocus: string
let leveldb: string
const onEnd: (() => void)[] = []
afterAll(() => {
  for (const end of onEnd) end()
})
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'y-sealed-plain-'))
  onEnd.push(() => rmSync(folder, { recursive: true, force: true }))
  hocuspocus = join(folder, 'hocuspocus.sqlite')
  const database = new Database(hocuspocus)
  // As @hocuspocus/extension-sqlite lays it out.
  database.exec('CREATE TABLE "documents" ("name" varchar(255) NOT NULL, "data" blob NOT NULL, UNIQUE(name))')
  const put = database.prepare('INSERT INTO documents (name, data) VALUES (?, ?)')
  put.run('shopping', Buffer.from(Y.encodeStateAsUpdate(plain)))
  put.run('other', Buffer.from(Y.encodeStateAsUpdate(new Y.Doc())))
  database.close()
  leveldb = join(folder, 'leveldb')
  const persistence = new LeveldbPersistence(leveldb)
  await persistence.storeUpdate('shopping', Y.encodeStateAsUpdate(plain))
  await persistence.storeUpdate('other', new Uint8Array([0, 0]))
  await persistence.destroy()
})

describe('a document in plaintext', { timeout: 120_000 }, () => {
  it.each([
    ['an update file, V1', (folder: string) => [save(folder, Y.encodeStateAsUpdate(plain))]],
    ['an update file, V2', (folder: string) => [save(folder, Y.encodeStateAsUpdateV2(plain))]],
    ['a y-leveldb folder', () => [leveldb, '--document', 'shopping']],
    ['a SQLite file of Hocuspocus', () => [hocuspocus, '--document', 'shopping']],
  ])('goes in from %s and comes out the same, and the relay has no word of it', async (_, source) => {
    const place = await setPlace()
    const { relay, folder, variables } = place
    const args = ['import', ...source(folder), '--new', '--link-file', join(folder, 'link')]
    const said = expectDone(await runClient(relay, args, variables))
    expect(said).toContain('opened it again from the relay: it is the same')
    const doc = new Y.Doc()
    Y.applyUpdate(doc, await exportAs(place, 'update'))
    expect(holdsTheSame(doc, plain)).toBe(true)
    expect(doc.getXmlFragment('default').toJSON()).toBe(plain.getXmlFragment('default').toJSON())
    const canaries = [textCanary('a word', CANARY)]
    expect(findLeaks(filesIn(relay.data), canaries)).toEqual([])
    expect(
      findLeaks(
        filesIn(folder).filter(({ name }) => name.startsWith('update')),
        canaries,
      ),
    ).not.toEqual([])
  })

  it('comes out as text and as Markdown, and as an update that others add to', async () => {
    const place = await setPlace()
    const { relay, folder, variables } = place
    const source = save(folder, Y.encodeStateAsUpdate(plain))
    expectDone(await runClient(relay, ['import', source, '--new', '--link-file', join(folder, 'link')], variables))
    expect((await exportAs(place, 'markdown')).toString()).toBe(
      `## Shopping\n\n**milk** ${CANARY}\n\nbread \\*or\\* cake\n`,
    )
    expect((await exportAs(place, 'text')).toString()).toBe(`Shopping\nmilk ${CANARY}\nbread *or* cake\n`)
    const doc = new Y.Doc()
    Y.applyUpdateV2(doc, await exportAs(place, 'update-v2'))
    doc.getXmlFragment('default').delete(0, 1)
    expect(doc.getXmlFragment('default').toJSON()).not.toContain('Shopping')
  })

  it('is imported again without harm, and what was written since is kept', async () => {
    const place = await setPlace()
    const { relay, folder, variables } = place
    const link = ['--link-file', join(folder, 'link')]
    expectDone(
      await runClient(relay, ['import', save(folder, Y.encodeStateAsUpdate(plain)), '--new', ...link], variables),
    )
    plain.getXmlFragment('default').push([new Y.XmlElement('horizontalRule')])
    const said = expectDone(
      await runClient(relay, ['import', save(folder, Y.encodeStateAsUpdate(plain)), ...link], variables),
    )
    expect(said).toContain('it is the same')
    expect((await exportAs(place, 'markdown')).toString()).toMatch(/cake\n\n---\n$/)
  })

  it('goes on where it was when it is killed in the middle', async () => {
    const place = await setPlace()
    const { relay, folder, variables } = place
    const large = new Y.Doc()
    const text = large.getText('note')
    // Random, so that it takes many parts.
    for (let line = 0; line < 400; line += 1)
      text.insert(text.length, `${Buffer.from(crypto.getRandomValues(new Uint8Array(6_000))).toString('base64')}\n`)
    const source = save(folder, Y.encodeStateAsUpdate(large))
    const link = ['--link-file', join(folder, 'link')]
    const first = startClient(relay, ['import', source, '--new', ...link], variables)
    // A part of it is on its way; the whole is more than 3 MB.
    const isUnderWay = (): boolean =>
      filesIn(relay.data).some(({ name, bytes }) => name === 'relay.db-wal' && bytes.length > 400_000)
    await vi.waitFor(() => expect(isUnderWay()).toBe(true), { timeout: 60_000, interval: 5 })
    first.child.kill('SIGKILL')
    await first.finished
    const said = expectDone(await runClient(relay, ['import', source, ...link], variables))
    expect(said).toContain('it is the same')
    expect((await exportAs(place, 'text')).toString()).toBe(text.toJSON())
  })

  it('may be of a thousand people', async () => {
    const place = await setPlace()
    const { relay, folder, variables } = place
    const doc = new Y.Doc()
    for (let client = 1; client <= 1_000; client += 1) {
      doc.clientID = client * 4_001
      doc.getText('note').insert(0, `${client} `)
    }
    const args = ['import', save(folder, Y.encodeStateAsUpdate(doc)), '--new', '--link-file', join(folder, 'link')]
    expect(expectDone(await runClient(relay, args, variables))).toContain('edits of 1 000 clients')
    expect((await exportAs(place, 'text')).toString().trim()).toBe(doc.getText('note').toJSON().trim())
  })
})

describe('what cannot be imported', { timeout: 60_000 }, () => {
  it.each([
    [
      'a file that is no update',
      (folder: string) => [save(folder, new TextEncoder().encode('# Shopping'))],
      'that is no Yjs update',
    ],
    ['an empty file', (folder: string) => [save(folder, new Uint8Array())], 'that is no Yjs update'],
    [
      'an update without what it depends on',
      (folder: string) => [save(folder, half())],
      'depends on edits that are not in it',
    ],
    ['a file that is not there', (folder: string) => [join(folder, 'none')], 'there is no such file'],
    ['a folder that is no database', (folder: string) => [folder], 'no database of y-leveldb'],
    ['another SQLite file', (folder: string) => [otherDatabase(folder)], 'not one of Hocuspocus'],
    ['a document that the database has not', () => [hocuspocus, '--document', 'none'], '--list shows which there are'],
    ['one of many, unnamed', () => [leveldb], 'name one with --document'],
  ])('%s is said in one line', async (_, source, line) => {
    const folder = makeTemporaryFolder()
    const { exitCode, stdout, stderr } = await runClient(
      { url: 'wss://localhost:9/sync', caPath: null },
      ['import', ...source(folder), '--new'],
      {},
    )
    expect(stderr).toContain(line)
    expect({ exitCode, stdout, lines: stderr.trim().split('\n').length }).toEqual({ exitCode: 2, stdout: '', lines: 1 })
    expect(stderr).toMatch(/^error: /)
  })

  it('a copy in the clear is gone when the command is interrupted', async () => {
    const server = createServer(() => undefined).listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const temporary = makeTemporaryFolder()
    const relay = { url: `wss://127.0.0.1:${port}/sync`, caPath: null }
    const args = ['import', leveldb, '--document', 'shopping', '--new']
    const { child, finished } = startClient(relay, args, { TMPDIR: temporary })
    const copies = (): readonly string[] => readdirSync(temporary).filter((name) => name.startsWith('y-sealed-import'))
    await vi.waitFor(() => expect(filesIn(temporary).some(({ name }) => name.endsWith('.log'))).toBe(true), {
      timeout: 30_000,
      interval: 20,
    })
    expect(statSync(join(temporary, copies()[0] ?? '')).mode & 0o777).toBe(0o700)
    child.kill('SIGINT')
    expect((await finished).exitCode).toBe(130)
    expect(copies()).toEqual([])
  })

  it('a database tells what is in it, and is not changed by being read', async () => {
    const before = readdirSync(leveldb).map((name) => `${name} ${statSync(join(leveldb, name)).mtimeMs}`)
    const { stdout } = await runClient(
      { url: 'wss://localhost:9/sync', caPath: null },
      ['import', leveldb, '--list'],
      {},
    )
    expect(stdout.split('\n').toSorted()).toEqual(['', 'other', 'shopping'])
    expect(readdirSync(leveldb).map((name) => `${name} ${statSync(join(leveldb, name)).mtimeMs}`)).toEqual(before)
  })
})

function save(folder: string, bytes: Uint8Array): string {
  const path = join(folder, `source-${crypto.randomUUID()}`)
  writeFileSync(path, bytes)
  return path
}

function half(): Uint8Array {
  const doc = new Y.Doc()
  doc.getText('note').insert(0, 'one')
  const known = Y.encodeStateVector(doc)
  doc.getText('note').insert(3, 'two')
  return Y.encodeStateAsUpdate(doc, known)
}

function otherDatabase(folder: string): string {
  const path = join(folder, 'other.sqlite')
  const database = new Database(path)
  database.exec('CREATE TABLE notes (text)')
  database.close()
  return path
}
