/**
 * Entries given back, on their way into the log: each at its place, with the transcript that this relay has signed, or, beyond that, by the
 * signature of its own author. Rules LO14, KM16, LO7.
 *
 * @module
 */
import {
  decodeRecord,
  envelopeId,
  equalBytes,
  extendTranscript,
  isClearKind,
  KIND,
  signatureInput,
  startTranscript,
  verifySignature,
  type Bytes,
  type Envelope,
  type RestoreFrame,
} from '@y-sealed/protocol'

import type { Context } from './context.ts'
import { creationOf } from './genesis.ts'
import { newEntry } from './new-entry.ts'
import type { AppendUnit, Head, NewEntry } from './ports.ts'
import type { Refusal } from './refusal.ts'
import { effectOf } from './record-effect.ts'
import { effectOfSnapshotEntry } from './snapshot-entry.ts'
import { roomRestart } from './room-restart.ts'
import type { Subscription } from './subscription.ts'

/** An entry whose place and transcript hold. */
interface Returned {
  readonly seq: number
  readonly envelope: Envelope
  readonly id: Bytes
  /** A head that this relay signed covers it. */
  readonly isProven: boolean
}

/** Stores what of the frame follows the head. `null` too where it did not follow, so that nothing was stored. Rejects when the store does. */
export async function giveBack(
  context: Context,
  subscription: Subscription,
  { seq, envelopes }: RestoreFrame,
): Promise<Refusal | null> {
  const { hub } = subscription
  const status = await hub.readStatus()
  const head = status?.head ?? startOf(context, subscription)
  if (head === null) return { code: 'UNKNOWN_DOCUMENT' }
  const missing = envelopes.slice(Math.max(0, head.seq + 1 - seq))
  if (seq > head.seq + 1 || missing.length === 0) return null
  const returned = verify(context, subscription, head, missing)
  if (returned === null) return { code: 'BAD_ENVELOPE' }
  const lost = status?.lost ?? null
  if (lost !== null && !returned.every(({ isProven }) => isProven)) return { code: 'NEEDS_RESTORE' }
  if (lost?.isPinned === true && !leadsTo(subscription, lost)) return { code: 'NEEDS_RESTORE' }
  for (const unit of cutIntoUnits(returned)) {
    if (!(await storeUnit(context, subscription, unit))) break
  }
  return null
}

/** T_0 of a document that is lost altogether, once its genesis hash is known. */
function startOf({ sha512 }: Context, { plan }: Subscription): Head | null {
  return plan === null ? null : { seq: 0, transcript: startTranscript(sha512, plan.genesisHash) }
}

/** Is what is given back of the history that a proof has asked for? The relay has signed the other one too. */
function leadsTo({ plan }: Subscription, { seq, transcript }: Head): boolean {
  return plan?.holds(seq, transcript) === true
}

/** Each with its id and the word that vouches for it; `null` when one of them is not what this relay has signed. */
function verify(
  { sha512 }: Context,
  { plan, hub }: Subscription,
  head: Head,
  envelopes: readonly Envelope[],
): Returned[] | null {
  const commitments = new Map(hub.document?.commitments)
  let { seq, transcript } = head
  const returned: Returned[] = []
  for (const envelope of envelopes) {
    seq++
    const opened = openedBy(envelope)
    if (seq === 1 && opened !== null) commitments.set(1, opened.commitment)
    const commitment = commitments.get(envelope.epoch)
    if (commitment === undefined) return null
    const id = envelopeId(sha512, commitment, envelope)
    transcript = extendTranscript(sha512, transcript, id, envelope.signature)
    const holds = plan?.holds(seq, transcript) ?? null
    if (holds === false) return null
    if (opened !== null) commitments.set(opened.epoch, opened.commitment)
    returned.push({ seq, envelope, id, isProven: holds === true })
  }
  return returned
}

/** The epoch that a record opens, by its own bytes. */
function openedBy({ kind, sealed }: Envelope): { readonly epoch: number; readonly commitment: Bytes } | null {
  const record = kind === KIND.record ? decodeRecord(sealed) : null
  if (record === null || !record.ok) return null
  const body = record.value
  if (body.type === 'genesis') return { epoch: 1, commitment: body.commitment.slice() }
  return 'rotation' in body ? { epoch: body.rotation.epoch, commitment: body.rotation.commitment.slice() } : null
}

/** Runs of one session and epoch, a record alone, parts by themselves. [LO7] [LO9] */
function cutIntoUnits(returned: readonly Returned[]): Returned[][] {
  const units: Returned[][] = []
  for (const entry of returned) {
    const last = units.at(-1)?.at(-1)
    if (last !== undefined && continues(last, entry)) units.at(-1)?.push(entry)
    else units.push([entry])
  }
  return units
}

function continues(last: Returned, next: Returned): boolean {
  const [one, other] = [last.envelope, next.envelope]
  const isPart = one.kind === KIND.part
  if (standsAlone(one) || standsAlone(other) || isPart !== (other.kind === KIND.part)) return false
  const isSame = equalBytes(one.device, other.device) && equalBytes(one.session, other.session)
  return isSame && one.epoch === other.epoch && one.counter + 1 === other.counter && last.isProven === next.isProven
}

/** A record, a publication, an attestation. */
function standsAlone({ kind }: Envelope): boolean {
  return isClearKind(kind)
}

/** Stores one unit; false when it does not count here, so that nothing after it can follow. */
async function storeUnit(context: Context, subscription: Subscription, entries: readonly Returned[]): Promise<boolean> {
  const { hub } = subscription
  const unit = await readUnit(context, subscription, entries)
  if (unit === null) return false
  const [result] = await context.store.append([unit])
  if (result?.status !== 'stored') return false
  if (unit.creation !== undefined && result.fresh > 0) hub.created(unit.creation)
  const fresh = unit.entries.slice(unit.entries.length - result.fresh)
  const places = result.seqs.slice(unit.entries.length - result.fresh)
  const live = fresh.map(({ envelope }, i) => ({ seq: places[i] as number, envelope, author: subscription }))
  hub.appended(live, result.head, unit.record)
  hub.deliver()
  return true
}

async function readUnit(
  context: Context,
  { hub }: Subscription,
  entries: readonly Returned[],
): Promise<AppendUnit | null> {
  const { envelope, seq, isProven } = entries[0] as Returned
  const { document, device, session, kind } = envelope
  const unit: AppendUnit = {
    document,
    device,
    session,
    group: kind === KIND.part,
    needs: kind === KIND.record ? 'none' : 'writer',
    entries: entries.map((entry) => newEntry(entry.envelope, entry.id)) as [NewEntry, ...NewEntry[]],
    restored: { at: seq, isProven },
  }
  if (seq === 1) {
    const creation = isProven ? creationOf(context.sha512, envelope) : null
    return creation === null ? null : { ...unit, creation }
  }
  const known = hub.document
  if (known === null) return null
  if (known.mode === 'shared-key') {
    // Who may write there only those know who hold the key.
    if (kind !== KIND.record) return isProven ? { ...unit, ...effectOfSnapshotEntry(envelope, null) } : null
    const restart = roomRestart(context, known, envelope)
    return restart === null || !isProven ? null : { ...unit, ...restart, restored: { at: seq, isProven } }
  }
  const log = await hub.members.current(known.genesisHash)
  if (kind !== KIND.record) {
    const isSigned =
      isProven || entries.every(({ id, envelope: own }) => isSignedBy(log.members.certificateOf(own.device), id, own))
    return isSigned ? { ...unit, ...effectOfSnapshotEntry(envelope, log) } : null
  }
  const verdict = log.judge(envelope)
  return verdict.ok ? { ...unit, record: effectOf(context.sha512, log.members, verdict) } : null
}

function isSignedBy(certificate: { readonly signPublic: Bytes } | null, id: Bytes, { signature }: Envelope): boolean {
  return certificate !== null && verifySignature(signature, signatureInput(id), certificate.signPublic)
}
