/**
 * The edits in quoted entries, opened and joined from parts, without a judgement on them. Rules CL31, LO9.
 *
 * @module
 */
import {
  decodeAuthoredUpdate,
  decodePart,
  decodeQuote,
  KIND,
  readWholeEnvelope,
  type AuthoredUpdate,
  type Bytes,
  type Envelope,
} from '@y-sealed/protocol'
import { open } from '@y-sealed/protocol/sealing'
import type { DocumentAccess } from '../document/document-access.ts'
import { PartGroup } from '../log/part-group.ts'

/** The quoted envelopes, in order; `null` for what is no quote of whole ones. */
export function quotedEnvelopes(content: Bytes): readonly Envelope[] | null {
  const decoded = decodeQuote(content)
  if (!decoded.ok) return null
  const envelopes = decoded.value.envelopes.map(readWholeEnvelope)
  return envelopes.every((envelope) => envelope !== null) ? envelopes : null
}

/** The content of an entry; `null` where its key is not held, or it does not open. */
export function contentOf(envelope: Envelope, access: Pick<DocumentAccess, 'keyOf'>): Bytes | null {
  const key = access.keyOf(envelope.epoch)
  try {
    return key === null ? null : open(envelope, key)
  } catch {
    return null
  }
}

/** One edit, and which of the entries bring it. */
export interface QuotedUpdate extends AuthoredUpdate {
  /** 16 bytes, of its author. */
  readonly device: Bytes
}

/** Takes entries one after another, each at its place in the quote, and gives the edit that it completes. */
export class QuotedUpdates {
  readonly #parts = new PartGroup()

  /** `more`: the edit goes on, or the entry is none. `null`: it is not what an update may be. */
  take(place: number, envelope: Envelope, content: Bytes): QuotedUpdate | 'more' | null {
    if (envelope.kind === KIND.bind) return 'more'
    const joined = this.join(place, envelope, content)
    if (joined === null || joined === 'more') return joined
    const decoded = decodeAuthoredUpdate(joined)
    return decoded.ok ? { ...decoded.value, device: envelope.device } : null
  }

  /** An edit has begun that what follows `place` has to end. */
  isOpenAfter(place: number): boolean {
    return this.#parts.isOpenAfter(place)
  }

  /** The content that the entry completes, of an update or a part; otherwise as {@link take}. */
  join(place: number, envelope: Envelope, content: Bytes): Bytes | 'more' | null {
    if (envelope.kind !== KIND.part) return content
    const part = decodePart(content)
    const joined = part.ok ? this.#parts.take(place, envelope, part.value) : 'broken'
    return joined === 'broken' ? null : joined
  }
}

/** The edits of a quote that counts, in order; `null` where it cannot be read. */
export function readQuotedUpdates(
  content: Bytes,
  access: Pick<DocumentAccess, 'keyOf'>,
): readonly QuotedUpdate[] | null {
  const envelopes = quotedEnvelopes(content)
  if (envelopes === null) return null
  const reader = new QuotedUpdates()
  const updates: QuotedUpdate[] = []
  for (const [place, envelope] of envelopes.entries()) {
    const opened = contentOf(envelope, access)
    const update = opened && reader.take(place, envelope, opened)
    if (update === null) return null
    if (update !== 'more') updates.push(update)
  }
  return updates
}
