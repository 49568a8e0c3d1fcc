/**
 * What a file brought, kept where this device is a member: the document then opens offline as if the relay had served it. Kept is what this
 * device's relay has signed, and nothing else, for what is kept stands against the relay from then on: who was an admin once can seal records and
 * entries that would have counted, and no relay ever had. What the file says beyond is there to be read. Rules EX5, CL11, CL13.
 *
 * @module
 */
import { documentIdOf, equalBytes, SyncError, type Bytes, type SignedHead } from '@y-sealed/protocol'
import type { ImportedDocument } from '../export/imported-document.ts'
import type { MemberRecord } from '../members/membership.ts'
import { joinedMembership } from '../members/open-membership.ts'
import { loadPin } from '../members/stored-document.ts'
import type { DocumentStore } from '../stores/document-store.ts'
import type { Installation } from './installation.ts'

/** Rejects with `FORK` where what this device keeps is of another history, and with `GENESIS_CONFLICT`: nothing is changed then. */
export async function keepImported(installation: Installation, imported: ImportedDocument): Promise<void> {
  const { genesisHash, membership } = imported
  const { device, keys, store } = installation
  const headKey = await installation.pinnedHeadKey()
  const head = headKey === null ? null : imported.coveredBy(headKey)
  if (head === null || membership === null || membership.members.roleAt(device.id, head.seq + 1) === 'none') return
  const records = membership.records.filter(({ seq }) => seq <= head.seq)
  if (!(await goesOnFrom(store, imported, head)) || !(await holdsPin(installation, genesisHash, records))) return
  await imported.copyTo(store, head)
  await joinedMembership({
    genesisHash,
    device,
    keys,
    records: records.map(({ seq, record }) => ({ seq, envelope: record.envelope })),
  })
}

/** Does the covered log lead on from what the device keeps? One that says less, or that cannot be compared, adds nothing. */
async function goesOnFrom(store: DocumentStore, imported: ImportedDocument, covered: SignedHead): Promise<boolean> {
  const { head, baseSeq } = await store.extent(documentIdOf(imported.genesisHash))
  // Without a head it is compared entry by entry.
  if (head === null) return baseSeq === 0
  if (head.seq > covered.seq) return false
  const transcript = imported.transcriptAt(head.seq)
  if (transcript !== null && equalBytes(transcript, head.transcript.subarray(0, transcript.length))) return true
  throw new SyncError(
    'FORK',
    'the relay has signed another history for this device than for the one that made the file',
  )
}

/** Are the newest records that this device has accepted among them? Else they are older, or were given up. [CL11] */
async function holdsPin(
  { keys }: Installation,
  genesisHash: Bytes,
  records: readonly MemberRecord[],
): Promise<boolean> {
  const pin = await loadPin(keys, documentIdOf(genesisHash))
  return pin === null || records.some(({ record }) => equalBytes(record.id, pin.recordHead))
}
