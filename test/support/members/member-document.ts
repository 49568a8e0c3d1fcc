/**
 * A document in `members` mode for tests of the relay: records by {@link TestMemberLog}, and entries sealed under the epoch that they
 * have led to.
 *
 * @module
 */
import type { Bytes, Envelope, MemberRole, RecordFields, Rotation } from '@y-sealed/protocol'
import { createEpochKey, type Device, type EpochKey, type Seen } from '@y-sealed/protocol/sealing'

import { createTestDevice } from '../raw-client.ts'
import { TestWriter, type TestDocument } from '../room-document.ts'
import { addFields, removeFields, TestMemberLog, type Choices, type RotationChoices } from './test-member-log.ts'

export class MemberDocument {
  readonly log: TestMemberLog
  readonly creator: Device
  /** Of every epoch so far, oldest first. */
  readonly keys: EpochKey[] = [createEpochKey(1)]
  #next: EpochKey | null = null

  constructor(creator: Device = createTestDevice()) {
    this.creator = creator
    this.log = new TestMemberLog(creator, true, (this.keys[0] as EpochKey).commitment)
  }

  get id(): Bytes {
    return this.log.document
  }

  /** As of the epoch in force, or of an older one. */
  document(epoch: number = this.keys.length): TestDocument {
    const { hash, genesis, start } = this.log
    const key = this.keys[epoch - 1] as EpochKey
    return { id: this.id, genesisHash: hash, body: genesis.sealed, key, room: null, start }
  }

  writer(device: Device, epoch?: number, seen?: Seen): TestWriter {
    return new TestWriter(this.document(epoch), device, seen)
  }

  /** The rotation to an epoch whose key is known here. */
  rotation(choices: RotationChoices = {}): Rotation {
    this.#next = createEpochKey(this.keys.length + 1)
    return this.log.rotation({ commitment: this.#next.commitment, ...choices })
  }

  /** A record upon the present head; nothing is taken. */
  make(signer: Device, fields: RecordFields, changes?: Partial<Choices>): Envelope {
    return this.log.make(signer, fields, changes)
  }

  add(device: Device, role: MemberRole, signer: Device = this.creator, sponsored = false): Envelope {
    return this.make(signer, addFields(device, role, sponsored))
  }

  /** Removes devices with a good rotation. */
  remove(devices: readonly Device[], signer: Device = this.creator): Envelope {
    const ids = devices.map(({ id }) => id)
    return this.make(signer, removeFields(ids, this.rotation({ without: ids })))
  }

  /** `device` goes; the epoch is closed. */
  leave(device: Device): Envelope {
    return this.make(device, removeFields([device.id], this.log.voidRotation()))
  }

  rotate(signer: Device = this.creator): Envelope {
    return this.make(signer, { type: 'epoch', rotation: this.rotation() })
  }

  /** The relay has stored it at `seq`: the next record follows it. Throws where it does not count. */
  stored(envelope: Envelope, seq: number = this.log.seq): void {
    this.log.seq = seq + 1
    const outcome = this.log.take(envelope, seq)
    if (outcome !== 'counts') throw new Error(`the relay stored a record that does not count: ${outcome}`)
    if (this.#next !== null && this.log.log.members.epoch.epoch === this.#next.epoch) {
      this.keys.push(this.#next)
      this.#next = null
    }
  }
}
