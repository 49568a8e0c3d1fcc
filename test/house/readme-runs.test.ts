/**
 * The code of README.md's section "Share a document" runs over a real relay, and is as short as it says.
 *
 * @module
 */
import {
  createMemoryKeyStore,
  SealedDocuments,
  type SealedDocument,
  type SealedDocumentsOptions,
} from '@y-sealed/client'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { platformFor } from '../support/peer.ts'
import { readRepositoryFile, REPOSITORY_ROOT } from '../support/repository.ts'
import { startHonestRelay } from '../support/stage.ts'
import { extractCode } from '../support/markdown.ts'

interface ReadmeCode {
  readonly shareNote: (
    alicesPhone: SealedDocumentsOptions,
    bobsPhone: SealedDocumentsOptions,
  ) => Promise<{ alice: SealedDocuments; note: SealedDocument; bob: SealedDocuments; copy: SealedDocument }>
  readonly pairLaptop: (phone: SealedDocuments, laptop: SealedDocuments, app: string) => Promise<void>
}

const section = /^## Share a document\n(.*?)^## /ms.exec(readRepositoryFile('README.md'))?.[1] ?? ''

async function importCode(code: string): Promise<unknown> {
  const parent = join(REPOSITORY_ROOT, '.house-tmp')
  mkdirSync(parent, { recursive: true })
  const folder = mkdtempSync(join(parent, 'readme-runs-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'code.ts')
  writeFileSync(path, code)
  return await import(/* @vite-ignore */ path)
}

describe('the code of README.md that shares a document', () => {
  it('takes twenty lines at most', () => {
    const [share] = extractCode(section)
    expect(share?.code.trim().split('\n').length).toBeLessThanOrEqual(20)
  })

  it('shares a note, and pairs a laptop', async () => {
    const relay = await startHonestRelay([])
    const platform = await platformFor(relay)
    const device = (name: string): SealedDocumentsOptions => {
      return { relay: relay.url, name, keys: createMemoryKeyStore(), ...platform }
    }
    const said = vi.spyOn(console, 'log').mockImplementation(() => undefined)
    onTestFinished(() => said.mockRestore())
    const blocks = extractCode(section).map(({ code }) => importCode(code))
    const { shareNote, pairLaptop } = Object.assign({}, ...(await Promise.all(blocks))) as ReadmeCode

    const { alice, note, bob, copy } = await shareNote(device('Alice'), device('Bob'))
    onTestFinished(() => [alice, bob].forEach((documents) => documents.close()))
    expect(said).toHaveBeenCalledWith('milk', copy.safetyCode().digits)
    await vi.waitFor(() => expect(said).toHaveBeenCalledWith(['Alice: admin', 'Bob: writer']))
    expect(note.safetyCode()).toEqual(copy.safetyCode())

    const laptop = await SealedDocuments.open(device('Alice’s laptop'))
    onTestFinished(() => laptop.close())
    await pairLaptop(alice, laptop, 'https://app.example/')
    await vi.waitFor(() => expect(laptop.list()).toMatchObject([{ name: 'Shopping', isReady: true }]))
  })
})
