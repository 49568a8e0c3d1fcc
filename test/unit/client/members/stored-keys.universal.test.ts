/** What a crash may take: a KeyStore that writes late, beside an outbox that writes at once; and a pin that two tabs write. */
import {
  createMemoryKeyStore,
  createMemoryOutbox,
  joinedMembership,
  openMembership,
  type KeyStore,
  type Membership,
  type SendProblem,
} from '@y-sealed/client'
import { cryptoReady, type Bytes, type Envelope } from '@y-sealed/protocol'
import { createDeviceSeeds, Device } from '@y-sealed/protocol/sealing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import * as Y from 'yjs'

import { MemberDesk } from '../../../../client/members/member-desk.ts'
import { loadPin } from '../../../../client/members/stored-document.ts'
import { isDraft } from '../../../../client/drafts/draft.ts'
import { Sender } from '../../../../client/provider/sender.ts'
import { TypedClocks } from '../../../../client/provider/typed-clocks.ts'
import { addDevice, rotate, setRole } from '../../../support/members/intents.ts'
import { createNote, Person, type Note } from '../../../support/members/note.ts'

await cryptoReady()

/** Writes wait from {@link hold} until {@link release}; what waits in a crash is lost. */
class LateKeyStore implements KeyStore {
  readonly disk = createMemoryKeyStore()
  isFull = false
  #waiting: (() => void)[] | null = null

  hold(): void {
    this.#waiting = []
  }

  release(): void {
    for (const go of this.#waiting?.splice(0) ?? []) go()
    this.#waiting = null
  }

  get(name: string): Promise<Bytes | null> {
    return this.disk.get(name)
  }

  async set(name: string, value: Bytes): Promise<void> {
    if (this.isFull) throw new Error('the disk is full')
    const waiting = this.#waiting
    if (waiting !== null) await new Promise<void>((resolve) => waiting.push(resolve))
    await this.disk.set(name, value)
  }

  add(name: string, value: Bytes): Promise<void> {
    return this.disk.add(name, value)
  }

  delete(name: string): Promise<void> {
    return this.disk.delete(name)
  }

  list(prefix: string): Promise<readonly string[]> {
    return this.disk.list(prefix)
  }
}

/** Bob, whose keys are written late. */
async function createBob(note: Note): Promise<{ readonly bob: Person; readonly keys: LateKeyStore }> {
  const keys = new LateKeyStore()
  const device = new Device(createDeviceSeeds())
  note.change(note.creator, addDevice(device, 'writer'))
  const { genesisHash, records } = note
  const bob = new Person(device, await joinedMembership({ genesisHash, device, keys, records }))
  bob.log.take(note.entries)
  note.people.push(bob)
  return { bob, keys }
}

interface Typing {
  readonly doc: Y.Doc
  readonly sender: Sender
  readonly problems: SendProblem[]
  readonly sent: Envelope[]
}

function typeAs(person: Person, access: Membership = person.membership, outbox = createMemoryOutbox()): Typing {
  const [doc, problems, sent]: [Y.Doc, SendProblem[], Envelope[]] = [new Y.Doc(), [], []]
  const sender = new Sender({
    doc,
    access,
    device: person.device,
    log: person.log,
    typedClocks: new TypedClocks(doc),
    outbox,
    send: (frame) => {
      if (frame.type === 'push') sent.push(...frame.envelopes)
      return true
    },
    reopen: () => undefined,
    refresh: () => true,
    onChange: () => undefined,
    onSetAside: () => undefined,
    show: () => undefined,
    whenKept: () => Promise.resolve(),
    onProblem: (problem) => problems.push(problem),
  })
  doc.on('updateV2', (update) => sender.take(update as Bytes))
  onTestFinished(() => sender.destroy())
  return { doc, sender, problems, sent }
}

describe('a crash before the key store has a new key', () => {
  it('[KM19] [CL14] loses no edit: nothing is sealed under the key, or put into the outbox, before it is stored', async () => {
    const note = await createNote()
    const { bob, keys } = await createBob(note)
    const outbox = createMemoryOutbox()
    const typing = typeAs(bob, bob.membership, outbox)
    typing.sender.opened()
    keys.hold()
    note.change(note.creator, rotate())
    typing.doc.getText('note').insert(0, 'typed')
    typing.sender.rekey()
    typing.sender.flush()
    expect([bob.membership.epochKey?.epoch, bob.membership.current]).toEqual([2, null])
    const waiting = await outbox.list(note.documentId)

    // The process ends here, and with it what the key store had not written.
    const again = await openMembership(note.documentId, keys.disk, bob.device)
    const restarted = typeAs(bob, again, outbox)
    await restarted.sender.restore()
    expect(restarted.problems).toEqual([])
    // What was typed waits as a draft, under a key that the next run has.
    expect(waiting.map(isDraft)).toEqual([true])
    expect(restarted.sender.unsaved).toBe(1)

    keys.release()
    await bob.membership.whenStored()
    typing.sender.rekey()
    expect(typing.sent.map(({ epoch }) => epoch)).toEqual([2])
    expect(typing.sender.unsaved).toBe(1)
  })

  it('[KM19] the desk says when the key is stored, and tries again where it cannot be', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const note = await createNote()
    const { bob, keys } = await createBob(note)
    const onStored = vi.fn<() => void>()
    const codes: string[] = []
    const desk = new MemberDesk({
      membership: bob.membership,
      seen: () => bob.log.head,
      send: () => true,
      reopen: () => undefined,
      refresh: () => undefined,
      mayChange: () => true,
      onMismatch: () => undefined,
      onAnswered: () => undefined,
      onStored,
      emit: (name, args) => {
        if (name === 'problem') codes.push((args[0] as SendProblem).code)
      },
    })
    onTestFinished(() => desk.destroy())
    keys.isFull = true
    note.change(note.creator, rotate())
    await vi.advanceTimersByTimeAsync(1)
    expect([codes, onStored.mock.calls.length, bob.membership.current]).toEqual([['KEYS_NOT_STORED'], 0, null])
    keys.isFull = false
    await vi.advanceTimersByTimeAsync(5_000)
    expect([onStored.mock.calls.length, bob.membership.current?.epoch]).toEqual([1, 2])
  })

  it('[KM19] stores a key that could not be stored with what follows', async () => {
    const note = await createNote()
    const { bob, keys } = await createBob(note)
    keys.isFull = true
    note.change(note.creator, rotate())
    await expect(bob.membership.whenStored()).rejects.toThrow('the disk is full')
    keys.isFull = false
    note.change(note.creator, setRole(bob.device.id, 'reader'))
    await bob.membership.whenStored()
    expect((await openMembership(note.documentId, keys, bob.device)).keyOf(2)).not.toBeNull()
  })
})

describe('the pin of two tabs', () => {
  it('[CL11] is never written back by the one that has accepted less', async () => {
    const note = await createNote()
    const { bob } = await createBob(note)
    const keys = createMemoryKeyStore()
    const { genesisHash, documentId } = note
    const open = (): Promise<Membership> => joinedMembership({ genesisHash, device: bob.device, keys })
    const [behind, ahead] = [await open(), await open()]
    for (let i = 0; i < 3; i++) note.change(note.creator, rotate())
    ahead.takeRecords(note.records, 0)
    await ahead.whenStored()
    for (const through of [1, 2, 3]) {
      behind.takeRecords(note.records.slice(through - 1, through), 0)
      await behind.whenStored()
      expect(await loadPin(keys, documentId)).toMatchObject({ recordHead: ahead.recordHead, epoch: 4 })
    }
    behind.takeRecords(note.records, 0)
    note.change(note.creator, rotate())
    behind.takeRecords(note.records, 0)
    await behind.whenStored()
    expect(await loadPin(keys, documentId)).toMatchObject({ recordHead: behind.recordHead, epoch: 5 })
  })
})
