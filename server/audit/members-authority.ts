/**
 * Authority in `members` mode: the member log, which says of each record whether it counts. Rules KM16–KM18, AU6.
 *
 * @module
 */
import { bytesToHex, isAtLeast, MemberLog, ROLE, type Bytes, type Envelope, type Sha512 } from '@y-sealed/protocol'

import type { DerivedRows } from '../store/sqlite/audit-reader.ts'
import { countDifferences, type Authority, type Blemish } from './authority.ts'

/** Of the document that begins with `genesis`; a refusal's reason when that does not count. */
export function createMembersAuthority(sha512: Sha512, hash: Bytes, genesis: Envelope): Authority | string {
  const log = new MemberLog(sha512, hash)
  const verdict = log.take(genesis, 1)
  return verdict.ok ? new MembersAuthority(log) : verdict.reason
}

class MembersAuthority implements Authority {
  readonly #log: MemberLog

  constructor(log: MemberLog) {
    this.#log = log
  }

  commitmentOf(epoch: number): Bytes | null {
    return this.#log.members.epochs[epoch - 1]?.commitment ?? null
  }

  takeRecord(envelope: Envelope, seq: number): Blemish | null {
    const verdict = this.#log.take(envelope, seq)
    return verdict.ok ? null : { code: 'RECORD_REFUSED', detail: verdict.reason }
  }

  findTrespass(envelope: Envelope, seq: number): Blemish | null {
    const { members } = this.#log
    const { epoch, closedAt } = members.epoch
    if (envelope.epoch !== epoch) {
      return { code: 'EPOCH_WRONG', detail: `epoch ${envelope.epoch}, and ${epoch} is in force` }
    }
    if (closedAt !== null) return { code: 'EPOCH_WRONG', detail: `epoch ${epoch}, closed at ${closedAt}` }
    const role = members.roleAt(envelope.device, seq)
    return isAtLeast(role, 'writer') ? null : { code: 'ROLE_WRONG', detail: `the author’s role is ${role}` }
  }

  signPublicOf(envelope: Pick<Envelope, 'device'>, seq: number): Bytes | null {
    return this.#log.members.certificateAt(envelope.device, seq)?.signPublic ?? null
  }

  compareTables(rows: DerivedRows): readonly Blemish[] {
    const { members } = this.#log
    const blemishes: Blemish[] = []
    const note = (code: Blemish['code'], held: readonly string[], expected: readonly string[]): void => {
      const detail = countDifferences(held, expected)
      if (detail !== null) blemishes.push({ code, detail })
    }
    note(
      'EPOCHS_WRONG',
      rows.epochs.map(({ epoch, commitment, closed }) => `${epoch} ${bytesToHex(commitment)} ${closed}`),
      members.epochs.map(
        ({ epoch, commitment, closedAt }) => `${epoch} ${bytesToHex(commitment)} ${closedAt === null ? 0 : 1}`,
      ),
    )
    note(
      'MEMBERS_WRONG',
      rows.members.map(({ device, role }) => `${bytesToHex(device)} ${role}`),
      members.all.flatMap(({ role, devices }) => devices.map(({ id }) => `${bytesToHex(id)} ${ROLE[role]}`)),
    )
    note(
      'LINKS_WRONG',
      rows.links.map(({ link, expires }) => `${bytesToHex(link)} ${expires}`),
      members.links.map(({ id, expiresAt }) => `${bytesToHex(id)} ${expiresAt}`),
    )
    return blemishes
  }
}
