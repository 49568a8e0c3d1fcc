/**
 * Alice, Bob and Carol at a relay that colludes, and what an attacker makes with what they hold: a relay with nothing but its own key, a
 * member with one of theirs.
 *
 * @module
 */
import {
  encodeAuthoredUpdate,
  encodeBind,
  encodeRecord,
  KIND,
  packWraps,
  type Bytes,
  type Envelope,
  type RecordFields,
  type Rotation,
} from '@y-sealed/protocol'
import {
  createEpochKey,
  EpochKey,
  open,
  randomBytes,
  sealBackLink,
  Session,
  wrapKey,
  type Device,
  type Seen,
} from '@y-sealed/protocol/sealing'
import * as Y from 'yjs'

import { ColludingRelay, type View } from './colluding-relay.ts'
import { sealBody } from './test-member-log.ts'
import { converge, Team, until, type Teammate } from './team.ts'

export interface HostileScene {
  readonly relay: ColludingRelay
  readonly team: Team
  readonly alice: Teammate
  readonly bob: Teammate
  readonly carol: Teammate
  readonly view: View
}

/** Alice is the admin, Bob writes, Carol reads; there is a line of text: `one. `. */
export async function setHostileScene(): Promise<HostileScene> {
  const relay = new ColludingRelay()
  let hash: Bytes = new Uint8Array(32)
  const team = await Team.prepare(
    relay.socketTo(() => relay.view(hash)),
    ({ genesisHash }) => {
      hash = genesisHash
    },
  )
  const { alice } = team
  const [bob, carol] = [await team.invite('writer'), await team.invite('reader')]
  await alice.write('one. ')
  await converge(alice, bob, carol)
  return { relay, team, alice, bob, carol, view: relay.view(hash) }
}

/** A record upon the newest head, in the name of `device`, signed by `signer`. */
export function forgeRecord(
  { alice }: HostileScene,
  fields: RecordFields,
  device: Device,
  signer: Device = device,
): Envelope {
  const { members, recordHead: recordPrev, documentId: document } = alice.membership
  const { epoch, commitment } = members.epoch
  return sealBody(encodeRecord({ recordPrev, ...fields }), {
    kind: KIND.record,
    document,
    epoch,
    commitment,
    device: device.id,
    sign: (input) => signer.sign(input),
    counter: 1,
    session: randomBytes(8),
  })
}

/** A rotation by somebody who holds the key in force, sealed to these. */
export function rotationTo(
  { membership }: Teammate,
  holders: readonly Device[],
  key: EpochKey = createEpochKey(membership.members.epoch.epoch + 1),
): { readonly key: EpochKey; readonly rotation: Rotation } {
  const wraps = packWraps(holders.map(({ id, boxPublic }) => [id, wrapKey(key, boxPublic)]))
  const backLink = sealBackLink(membership.epochKey as EpochKey, key, membership.documentId)
  return { key, rotation: { epoch: key.epoch, commitment: key.commitment, backLink, wraps } }
}

/** A member's keys in hands that obey no rule: it seals what it likes, as if it had a good reason. */
export class Vandal {
  readonly doc = new Y.Doc()
  readonly #session: Session
  readonly #key: EpochKey

  constructor({ membership }: Pick<Teammate, 'membership'>, device: Device, key: EpochKey) {
    this.#session = new Session(membership.documentId, device)
    this.#key = key
  }

  bind(seen: Seen): Envelope {
    const content = encodeBind({ clientId: this.doc.clientID, introduction: null })
    return this.#session.sealEntry(KIND.bind, content, this.#key, seen).envelope
  }

  type(text: string, seen: Seen): Envelope {
    const before = Y.encodeStateVector(this.doc)
    this.doc.getText('note').insert(0, text)
    const update = Y.encodeStateAsUpdateV2(this.doc, before) as Bytes
    return this.#session.sealEntry(KIND.update, encodeAuthoredUpdate({ authored: 1, update }), this.#key, seen).envelope
  }

  presence(content: Bytes, seen: Seen): Envelope {
    return this.#session.sealAwareness(content, this.#key, seen).envelope
  }
}

/** What somebody was told of entries that do not count, each once. */
export function toldTo({ reports }: Teammate): readonly string[] {
  const told = reports.map(({ code, reason, record }) => [code, reason, record].filter((word) => word !== undefined))
  return [...new Set(told.map((words) => words.join(' ')))]
}

/** Waits until all of them have come to the end of what the relay shows. */
export function allRead({ alice, bob, carol, view }: HostileScene): Promise<void> {
  return until(() => [alice, bob, carol].every(({ peer }) => peer.provider.head.seq === view.seq))
}

/** Does one of the keys that this person holds open it, under whatever epoch the key is taken for? */
export function opensFor({ membership }: Teammate, envelope: Envelope): boolean {
  const keys = membership.members.epochs.flatMap(({ epoch }) => membership.keyOf(epoch) ?? [])
  return keys.some((key) => opensWith(key.exportKey(), envelope))
}

/** Do these 32 bytes open it? */
export function opensWith(key: Bytes, envelope: Envelope): boolean {
  try {
    open(envelope, new EpochKey(envelope.epoch, key))
    return true
  } catch {
    return false
  }
}
