/**
 * Authority in `shared-key` mode: one epoch, no members, no record but the genesis. Who wrote what cannot be checked without the room's
 * key. Rules KM13–KM16.
 *
 * @module
 */
import { bytesToHex, type Bytes, type Envelope } from '@y-sealed/protocol'

import type { DerivedRows } from '../store/sqlite/audit-reader.ts'
import { countDifferences, type Authority, type Blemish } from './authority.ts'

export class RoomAuthority implements Authority {
  readonly #commitment: Bytes

  constructor(commitment: Bytes) {
    this.#commitment = commitment.slice()
  }

  commitmentOf(epoch: number): Bytes | null {
    return epoch === 1 ? this.#commitment : null
  }

  takeRecord(): Blemish {
    return { code: 'RECORD_REFUSED', detail: 'a record in shared-key mode' }
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
      [`1 ${bytesToHex(this.#commitment)} 0`],
    )
    const blemishes: Blemish[] = epochs === null ? [] : [{ code: 'EPOCHS_WRONG', detail: epochs }]
    if (rows.members.length > 0) blemishes.push({ code: 'MEMBERS_WRONG', detail: 'members in shared-key mode' })
    if (rows.links.length > 0) blemishes.push({ code: 'LINKS_WRONG', detail: 'links in shared-key mode' })
    return blemishes
  }
}
