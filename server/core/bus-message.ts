/**
 * What relays say to each other about a document. Rules BU1–BU3.
 *
 * @module
 */
import { readEnvelope, readWholeEnvelope, type Bytes, type Envelope } from '@y-sealed/protocol'

const KIND = { entries: 1, awareness: 2, head: 3, gone: 4, deleted: 5, access: 6 } as const

export type BusMessage =
  | { readonly kind: 'entries'; readonly seq: number; readonly envelopes: readonly Envelope[] }
  | { readonly kind: 'awareness'; readonly envelope: Envelope }
  | { readonly kind: 'head'; readonly seq: number }
  | { readonly kind: 'gone'; readonly device: Bytes; readonly session: Bytes }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'access'; readonly device: Bytes }

/** An ENTRIES frame as a message: the same bytes behind another first byte. [BU1] */
export function entriesMessage(frame: Bytes): Bytes {
  return relabel(frame, KIND.entries)
}

/** An AWARENESS frame as a message. [BU1] */
export function awarenessMessage(frame: Bytes): Bytes {
  return relabel(frame, KIND.awareness)
}

/** The head has moved to `seq` by entries too large to carry. [BU1] */
export function headMessage(seq: number): Bytes {
  const out = new Uint8Array(9)
  out[0] = KIND.head
  new DataView(out.buffer).setBigUint64(1, BigInt(seq))
  return out
}

/** A session has left. [BU1] */
export function goneMessage(device: Bytes, session: Bytes): Bytes {
  const out = new Uint8Array(25)
  out[0] = KIND.gone
  out.set(device, 1)
  out.set(session, 17)
  return out
}

/** The document was deleted. [BU1] */
export function deletedMessage(): Bytes {
  return new Uint8Array([KIND.deleted])
}

/** Roles or links of the document have changed, this device's among them: whoever has it open asks the store. [BU1] */
export function accessMessage(device: Bytes): Bytes {
  const out = new Uint8Array(17)
  out[0] = KIND.access
  out.set(device, 1)
  return out
}

function relabel(frame: Bytes, kind: number): Bytes {
  const out = new Uint8Array(frame)
  out[0] = kind
  return out
}

/** The message, or `null` for bytes that are none: a bus is not trusted more than a peer. [BU2] */
export function decodeBusMessage(bytes: Bytes): BusMessage | null {
  switch (bytes[0]) {
    case KIND.entries:
      return decodeEntries(bytes)
    case KIND.awareness: {
      const envelope = readWholeEnvelope(bytes.subarray(1))
      return envelope === null ? null : { kind: 'awareness', envelope }
    }
    case KIND.head: {
      const seq = readSeq(bytes)
      return seq === null || bytes.length !== 9 ? null : { kind: 'head', seq }
    }
    case KIND.gone:
      if (bytes.length !== 25) return null
      return { kind: 'gone', device: bytes.slice(1, 17), session: bytes.slice(17) }
    case KIND.deleted:
      return bytes.length === 1 ? { kind: 'deleted' } : null
    case KIND.access:
      return bytes.length === 17 ? { kind: 'access', device: bytes.slice(1) } : null
    default:
      return null
  }
}

function decodeEntries(bytes: Bytes): BusMessage | null {
  const seq = readSeq(bytes)
  if (seq === null) return null
  const envelopes: Envelope[] = []
  for (let at = 9; at < bytes.length;) {
    const result = readEnvelope(bytes, at)
    if (!result.ok) return null
    envelopes.push(result.envelope)
    at = result.end
  }
  return { kind: 'entries', seq, envelopes }
}

function readSeq(bytes: Bytes): number | null {
  if (bytes.length < 9) return null
  const seq = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(1))
  return seq >= 1 && Number.isSafeInteger(seq) ? seq : null
}
