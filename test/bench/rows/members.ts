/**
 * P13: what a change of members costs. One of 50 is removed: the record, how long until everybody else has the new key, and until all have
 * written under it; and how long a document opens that has seen 200 records, against the same one with nobody but its maker.
 *
 * @module
 */
import { createMembership, createMemoryKeyStore, joinedMembership, loadDevice, type Membership } from '@y-sealed/client'
import type { Device } from '@y-sealed/protocol/sealing'

import { rotateKey } from '../../../client/members/intents/change-key.ts'
import { changeRole } from '../../../client/members/intents/change-role.ts'
import { addMember } from '../../../client/members/intents/let-in.ts'
import { removeMember } from '../../../client/members/intents/remove-devices.ts'
import { compareRow, type BenchRow } from '../bench-row.ts'
import { median, sleep } from '../figures.ts'
import { openSealedClient, type SealedClient } from '../sealed-client.ts'
import { startRelayProcess } from '../systems/relay.ts'
import type { Workplace } from '../workplace.ts'

interface MemberClient extends SealedClient {
  readonly membership: Membership
  readonly device: Device
}

interface Place {
  readonly workplace: Workplace
  readonly port: number
}

/** P13. */
export async function benchMembers({
  quick,
  workplace,
}: {
  readonly quick: boolean
  readonly workplace: Workplace
}): Promise<BenchRow[]> {
  const relay = await startRelayProcess(workplace, workplace.folder('members'))
  const place = { workplace, port: relay.port }
  try {
    return [
      ...(await benchRemoval(place, quick ? 10 : 50, quick ? 1 : 5)),
      ...(await benchOpening(place, quick ? 3 : 9)),
    ]
  } finally {
    await relay.stop()
  }
}

/** Who makes the document. */
async function create(place: Place): Promise<MemberClient> {
  const keys = createMemoryKeyStore()
  const device = await loadDevice(keys)
  const membership = await createMembership(device, keys)
  const client = openSealedClient(place.workplace, place.port, membership, device)
  // All 50 are played by one process: what each shows of themselves to 49 others is no subject here.
  client.provider.awareness.setLocalState(null)
  await client.provider.whenSynced()
  client.text.insert(0, 'a')
  await client.provider.flush()
  return { ...client, text: client.text, membership, device }
}

async function newcomer(
  alice: MemberClient,
): Promise<{ readonly device: Device; open(place: Place): Promise<MemberClient> }> {
  const keys = createMemoryKeyStore()
  const device = await loadDevice(keys)
  await alice.provider.changeMembers(addMember(device.certificate(), 'writer', 'A member'))
  const { genesisHash } = alice.membership
  return {
    device,
    async open(place) {
      const membership = await joinedMembership({ genesisHash, device, keys })
      const client = openSealedClient(place.workplace, place.port, membership, device)
      client.provider.awareness.setLocalState(null)
      await client.provider.whenSynced()
      return { ...client, membership, device }
    },
  }
}

async function benchRemoval(place: Place, members: number, runs: number): Promise<BenchRow[]> {
  const alice = await create(place)
  const people: MemberClient[] = [alice]
  // One for each run, besides.
  while (people.length < members + runs - 1) people.push(await (await newcomer(alice)).open(place))
  // Nobody's first edit: that brings a bind with it.
  await allWrite(people)
  const figures = {
    bytes: 0,
    known: [] as number[],
    keyed: [] as number[],
    written: [] as number[],
    before: [] as number[],
  }
  for (let run = 0; run < runs; run++) {
    figures.before.push(await timed(() => allWrite(people)))
    const removed = people.pop() as MemberClient
    const epoch = alice.membership.members.epoch.epoch + 1
    const startedAt = performance.now()
    const removal = alice.provider.changeMembers(removeMember(removed.device.id))
    const keyed = Promise.all(people.map(({ membership }) => whenever(() => membership.keyOf(epoch) !== null)))
    const record = await removal
    figures.known.push(performance.now() - startedAt)
    await keyed
    figures.keyed.push(performance.now() - startedAt)
    await allWrite(people)
    figures.written.push(performance.now() - startedAt)
    figures.bytes = record?.record.envelope.bytes.length ?? Number.NaN
    removed.close()
  }
  for (const person of people) person.close()
  const name = `remove one of ${members}`
  return [
    { row: 'P13', name: `${name}: the record`, value: figures.bytes, unit: 'B' },
    { row: 'P13', name: `${name}: acknowledged`, value: median(figures.known), unit: 'ms' },
    { row: 'P13', name: `${name}: all others have the new key`, value: median(figures.keyed), unit: 'ms' },
    compareRow(
      'P13',
      `${name}: all others have written under it, and read it all`,
      'ms',
      median(figures.written),
      'writing alone',
      median(figures.before),
    ),
  ]
}

/** Each writes one character; done when all are saved and everybody has read all of them. */
async function allWrite(people: readonly MemberClient[]): Promise<void> {
  const length = (people[0] as MemberClient).text.length + people.length
  for (const { text } of people) text.insert(text.length, 'x')
  await Promise.all(people.map(({ provider }) => provider.whenSaved()))
  await Promise.all(people.map(({ text }) => whenever(() => text.length >= length)))
}

async function benchOpening(place: Place, runs: number): Promise<BenchRow[]> {
  const plain = await create(place)
  const plainBytes = recordBytes(plain)
  const alone = await openings(place, plain, runs)
  plain.close()
  const alice = await create(place)
  const others: Device[] = []
  while (alice.membership.recordSeq < 2 || others.length < 50) others.push((await newcomer(alice)).device)
  let made = 1 + others.length
  for (let i = 0; made < 199; i++, made++) {
    const whom = others[i % others.length] as Device
    const roles = ['reader', 'writer'] as const
    const role = roles[Math.floor(i / others.length) % 2] as 'reader' | 'writer'
    await alice.provider.changeMembers(i % 3 === 0 ? rotateKey() : changeRole(whom.id, role))
  }
  const bytes = recordBytes(alice)
  const full = await openings(place, alice, runs)
  alice.close()
  return [
    compareRow('P13', 'a document with 200 records: theirs', 'B', bytes, 'its maker alone', plainBytes),
    compareRow('P13', 'a document with 200 records: opened', 'ms', full, 'its maker alone', alone),
  ]
}

/** Of the same member, on a device that knows nothing of the document. */
async function openings(place: Place, alice: MemberClient, runs: number): Promise<number> {
  const someone = await newcomer(alice)
  const times: number[] = []
  for (let run = 0; run < runs; run++) {
    let client: MemberClient | null = null
    times.push(
      await timed(async () => {
        client = await someone.open(place)
      }),
    )
    ;(client as MemberClient | null)?.close()
  }
  return median(times)
}

function recordBytes({ membership }: MemberClient): number {
  let bytes = 0
  for (let seq = 1; seq <= membership.recordSeq; seq++) bytes += membership.recordAt(seq)?.envelope.bytes.length ?? 0
  return bytes
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

async function whenever(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(1)
}
