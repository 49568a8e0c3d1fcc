/**
 * A person with a device, in the app's own words: `SealedDocuments` over a real relay, the same under Node and in Chromium.
 *
 * @module
 */
import {
  createMemoryKeyStore,
  SealedDocuments,
  type DeviceStorage,
  type KeyStore,
  type SealedDocument,
  type SealedDocumentsOptions,
} from '@y-sealed/client'
import { expect, onTestFinished, vi } from 'vitest'

import { platformFor, type RelayAddress } from './peer.ts'

export interface PersonOptions {
  readonly relay: RelayAddress
  readonly name: string
  readonly keys?: KeyStore
  /** In place of `keys`: all that the device keeps. */
  readonly storage?: DeviceStorage
  /** With a list of documents that the person's devices share; default false: most scenarios need none, and it costs tokens. */
  readonly personal?: boolean
}

/** What `SealedDocuments.open` takes on this platform. */
export async function documentsOptions(options: PersonOptions): Promise<SealedDocumentsOptions> {
  const { relay, name, keys = createMemoryKeyStore(), storage, personal = false } = options
  const kept = storage ? { storage } : { keys }
  return { relay: relay.url, name, ...kept, personal, ...(await platformFor(relay)) }
}

/** One device of a person; closed when the test ends. What goes on in the background and fails is kept. */
export async function createPerson(
  options: PersonOptions,
): Promise<{ readonly documents: SealedDocuments; readonly errors: readonly unknown[] }> {
  const documents = await SealedDocuments.open(await documentsOptions(options))
  onTestFinished(() => documents.close())
  const errors: unknown[] = []
  documents.on('error', (error) => errors.push(error))
  return { documents, errors }
}

/** The text that scenarios write. */
export function textOf(document: SealedDocument): string {
  return document.doc.getText('note').toJSON()
}

/** Writes at the end, and waits until the relay has it. */
export async function write(document: SealedDocument, text: string): Promise<void> {
  const note = document.doc.getText('note')
  note.insert(note.length, text)
  await document.provider.whenSaved()
}

/** Waits until `check` throws no more; long enough for a machine with much else to do. */
export async function eventually(check: () => void): Promise<void> {
  await vi.waitFor(check, { timeout: 15_000 })
}

/** Waits until a document reads so. */
export async function expectText(document: SealedDocument, text: string): Promise<void> {
  await eventually(() => expect(textOf(document)).toBe(text))
}

/** Names and roles as a document's members stand now. */
export function whoIsIn(document: SealedDocument): readonly string[] {
  return document.members().map(({ name, role, devices }) => `${name ?? '?'}: ${role}, ${devices.length}`)
}
