/**
 * A fresh device opens a link at a relay that is not what it should be, or loses its socket at the worst moment.
 *
 * @module
 */
import { createMemoryKeyStore, type KeyStore, type SealedDocument, type SealedDocuments } from '@y-sealed/client'
import {
  bytesToBase64url,
  bytesToHex,
  concatBytes,
  decodeSignedHead,
  encodeRelayFrame,
  type Bytes,
} from '@y-sealed/protocol'
import { randomBytes } from '@y-sealed/protocol/sealing'
import { describe, expect, it, vi } from 'vitest'

import { encodeLinkFragment, type LinkFragment } from '../../client/links/link-fragment.ts'
import { startLyingRelay, type LyingRelay } from '../support/lying-relay.ts'
import { createPerson, expectText, whoIsIn, write } from '../support/person.ts'
import { copyOf, startHonestRelay, type HonestRelay } from '../support/stage.ts'

interface Scene {
  readonly lying: LyingRelay
  readonly honest: HonestRelay
  readonly note: SealedDocument
}

async function openAs(
  lying: LyingRelay,
  name: string,
  keys: KeyStore = createMemoryKeyStore(),
): Promise<SealedDocuments> {
  return (await createPerson({ relay: lying, name, keys })).documents
}

/** Alice has a note at the relay. */
async function setScene(): Promise<Scene> {
  const lying = await startLyingRelay()
  const honest = await startHonestRelay([lying])
  lying.stand(honest)
  const note = await (await openAs(lying, 'Alice')).createDocument()
  await write(note, 'first')
  return { lying, honest, note }
}

const linkOf = (fragment: LinkFragment): string => `#${encodeLinkFragment(fragment)}`

describe('a relay that was rolled back', () => {
  it('T5 [KM12] [LO6] is noticed by a device that has never seen the document, by the head in its link', async () => {
    const { lying, honest, note } = await setScene()
    const { fragment } = await note.makeLink()
    const old = await copyOf(honest, [lying])
    lying.stand(await startHonestRelay([lying], honest.data))
    await write(note, ', second')
    note.provider.disconnect()
    note.provider.connect()
    await note.provider.whenSynced()
    const head = note.provider.signedHead ?? fragment.head
    expect(head.seq).toBeGreaterThan(fragment.head.seq)
    // Whoever is there would give the relay back what it lacks.
    note.provider.disconnect()

    lying.stand(await startHonestRelay([lying], old))
    const bob = await openAs(lying, 'Bob')
    await expect(bob.openDocument(linkOf({ ...fragment, head }))).rejects.toMatchObject({ code: 'ROLLBACK' })
    const carol = await openAs(lying, 'Carol')
    await expectText(await carol.openDocument(linkOf(fragment)), 'first')
  })

  it('T5 [LO6] afterwards is noticed too: who joins keeps the head of the link', async () => {
    const { lying, note } = await setScene()
    const { fragment } = await note.makeLink()
    const keys = createMemoryKeyStore()
    const bob = await openAs(lying, 'Bob', keys)
    // The link's own OPEN passes; what the document's says later is not shown.
    let opened = 0
    lying.toRelay = (frame) => (frame?.type === 'open' && ++opened > 1 ? [] : undefined)
    await bob.openDocument(linkOf(fragment))
    const kept = await keys.get(`head/${note.id}`)
    expect(decodeSignedHead(kept ?? new Uint8Array(0))).toEqual(fragment.head)
  })
})

describe('a link of another relay', () => {
  it('[KM12] [LO5] is told apart when the relay shows another head key than the link’s', async () => {
    const { lying, note } = await setScene()
    const { fragment } = await note.makeLink()
    lying.toClient = (frame) =>
      frame?.type === 'welcome'
        ? [encodeRelayFrame({ ...frame, headKey: randomBytes(32), headKeyStatements: [] })]
        : undefined
    const bob = await openAs(lying, 'Bob')
    await expect(bob.openDocument(linkOf(fragment))).rejects.toMatchObject({ code: 'RELAY_MISMATCH' })
    lying.repent()
    await expectText(await bob.openDocument(linkOf(fragment)), 'first')
  })

  it('[KM12] [LO5] is told apart by a device that knows its own relay', async () => {
    const [here, there] = [await setScene(), await setScene()]
    const { fragment } = await there.note.makeLink()
    const bob = await openAs(here.lying, 'Bob')
    await (await bob.createDocument()).provider.whenSynced()
    await expect(bob.openDocument(linkOf(fragment))).rejects.toMatchObject({ code: 'RELAY_MISMATCH' })
  })
})

describe('a link to a document that this device knows as another', () => {
  it('[K19] [CL11] is a hard stop: nothing is asked, and nothing overwritten', async () => {
    const { lying, note } = await setScene()
    const { fragment } = await note.makeLink()
    const keys = createMemoryKeyStore()
    const bob = await openAs(lying, 'Bob', keys)
    const copy = await bob.openDocument(linkOf(fragment))
    await copy.provider.whenSynced()
    const names = ['document', 'pin', 'head'].map((kind) => `${kind}/${note.id}`)
    // What came with the last head is kept a moment later.
    const keptHead = async (): Promise<number> =>
      decodeSignedHead((await keys.get(`head/${note.id}`)) as Bytes)?.seq ?? 0
    await vi.waitFor(async () => expect(await keptHead()).toBe(copy.provider.signedHead?.seq))
    const kept = await Promise.all(names.map((name) => keys.get(name)))
    // The same 16 bytes on the wire, and other ones behind them.
    const genesisHash = concatBytes(fragment.genesisHash.slice(0, 16), randomBytes(16))
    const asked = lying.captured.length
    for (const close of [() => undefined, () => copy.close()]) {
      close()
      await expect(bob.openDocument(linkOf({ ...fragment, genesisHash }))).rejects.toMatchObject({
        code: 'GENESIS_CONFLICT',
      })
    }
    expect(lying.captured.slice(asked).filter(({ place }) => place === 'request-head')).toEqual([])
    expect(await Promise.all(names.map((name) => keys.get(name)))).toEqual(kept)
  })
})

describe('the secret of a link', () => {
  it('[KM12] is in no request, no header and no frame, as bytes or as text', async () => {
    const { lying, note } = await setScene()
    const link = await note.invite({ app: 'https://app.example/' })
    const { fragment } = await note.makeLink()
    const bob = await openAs(lying, 'Bob')
    await expectText(await bob.openDocument(link), 'first')
    await expectText(await bob.openDocument(linkOf(fragment)), 'first')
    const secrets = [bytesToHex(fragment.seed), hexOfText(bytesToBase64url(fragment.seed).slice(0, 40))]
    for (let at = link.indexOf('#') + 1; at + 20 <= link.length; at += 20)
      secrets.push(hexOfText(link.slice(at, at + 20)))
    expect(lying.captured.length).toBeGreaterThan(20)
    for (const { bytes } of lying.captured) {
      const hex = bytesToHex(bytes)
      for (const secret of secrets) expect(hex.includes(secret)).toBe(false)
    }
  })
})

describe('a socket that is lost while a device joins', () => {
  it.each([
    ['and the link is good for others', 0],
    ['and the link was for one', 1],
  ])('[AU12] [CL10] before the answer comes, %s: it is one member', async (_, uses) => {
    const { lying, note } = await setScene()
    const { fragment } = await note.makeLink({ uses })
    const bob = await openAs(lying, 'Bob')
    let isLost = false
    lying.toClient = (frame, _message, link) => {
      if (frame?.type !== 'ack' || isLost) return undefined
      isLost = true
      link.cut()
      return []
    }
    const copy = await bob.openDocument(linkOf(fragment))
    await expectText(copy, 'first')
    expect(isLost).toBe(true)
    expect(whoIsIn(copy)).toEqual(['Alice: admin, 1', 'Bob: writer, 1'])
  })
})

describe('a document that was deleted', () => {
  it('[FR12] is told as such to who opens its link', async () => {
    const { lying, note } = await setScene()
    const { fragment } = await note.makeLink()
    await note.deleteDocument()
    const bob = await openAs(lying, 'Bob')
    await expect(bob.openDocument(linkOf(fragment))).rejects.toMatchObject({ code: 'DELETED' })
  })
})

function hexOfText(text: string): string {
  return bytesToHex(new TextEncoder().encode(text))
}
