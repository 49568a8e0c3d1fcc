/**
 * Authority in `shared-key` mode: one epoch, no members, no record but the genesis and restarts. Who wrote what else cannot be checked without the
 * room's key. Rules KM13–KM16, LO14.
 *
 * @module
 */
import {
  bytesToHex,
  envelopeId,
  equalBytes,
  readRoomRestart,
  type Bytes,
  type Envelope,
  type RoomGenesis,
  type RoomTerms,
  type Sha512,
} from '@y-sealed/protocol'

import type { DerivedRows } from '../store/sqlite/audit-reader.ts'
import { countDifferences, type Authority, type Blemish } from './authority.ts'

/** Of the document that begins with `genesis`. */
export function createRoomAuthority(sha512: Sha512, room: RoomGenesis, genesis: Envelope): RoomAuthority {
  const terms = { ...room, documentId: genesis.document }
  return new RoomAuthority(sha512, terms, envelopeId(sha512, room.commitment, genesis))
}

export class RoomAuthority implements Authority {
  readonly #sha512: Sha512
  readonly #room: RoomTerms
  #recordHead: Bytes | null

  /** `recordHead`: id of the newest record before; `null` where that is not known, for the log begins behind a snapshot. */
  constructor(sha512: Sha512, { documentId, commitment, roomPublic }: RoomTerms, recordHead: Bytes | null) {
    this.#sha512 = sha512
    this.#room = {
      documentId: documentId.slice(),
      commitment: commitment.slice(),
      roomPublic: roomPublic.slice(),
    }
    this.#recordHead = recordHead
  }

  commitmentOf(epoch: number): Bytes | null {
    return epoch === 1 ? this.#room.commitment : null
  }

  takeRecord(envelope: Envelope): Blemish | null {
    const restart = readRoomRestart(this.#sha512, this.#room, envelope)
    if (restart === null) return { code: 'RECORD_REFUSED', detail: 'a record in shared-key mode that is no restart' }
    const { recordPrev, id } = restart
    if (this.#recordHead !== null && !equalBytes(recordPrev, this.#recordHead))
      return { code: 'RECORD_REFUSED', detail: 'stale' }
    this.#recordHead = id.slice()
    return null
  }

  findTrespass(envelope: Envelope): Blemish | null {
    return envelope.epoch === 1 ? null : { code: 'EPOCH_WRONG', detail: `epoch ${envelope.epoch} of one` }
  }

  signPublicOf(): null {
    return null
  }

  compareTables(rows: DerivedRows): readonly Blemish[] {
    const epochs = countDifferences(
      rows.epochs.map(({ epoch, commitment, closed }) => `${epoch} ${bytesToHex(commitment)} ${closed}`),
      [`1 ${bytesToHex(this.#room.commitment)} 0`],
    )
    const blemishes: Blemish[] = epochs === null ? [] : [{ code: 'EPOCHS_WRONG', detail: epochs }]
    if (rows.members.length > 0) blemishes.push({ code: 'MEMBERS_WRONG', detail: 'members in shared-key mode' })
    if (rows.links.length > 0) blemishes.push({ code: 'LINKS_WRONG', detail: 'links in shared-key mode' })
    return blemishes
  }
}
