/**
 * What a file brought, kept where this device is a member: the document then opens offline as if the relay had served it. Rules EX5, CL13.
 *
 * @module
 */
import { equalBytes } from '@y-sealed/protocol'
import type { ImportedDocument } from '../export/imported-document.ts'
import { joinedMembership } from '../members/open-membership.ts'
import type { Installation } from './installation.ts'

/** Rejects with `GENESIS_CONFLICT`, `ROLLBACK` and `FORK` where this device knows the document otherwise: nothing is overwritten. */
export async function keepImported(installation: Installation, imported: ImportedDocument): Promise<void> {
  const { genesisHash, membership, signed } = imported
  if (membership === null || membership.role === 'none') return
  const { device, keys, store } = installation
  const { records } = membership
  await joinedMembership({
    genesisHash,
    device,
    keys,
    records: records.map(({ seq, record }) => ({ seq, envelope: record.envelope })),
  })
  // Another relay's word is not this one's.
  const pinned = await installation.pinnedHeadKey()
  const isOurs = signed !== null && pinned !== null && equalBytes(pinned, signed.headKey)
  await imported.copyTo(store, isOurs ? signed.head : undefined)
}
