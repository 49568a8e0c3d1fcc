/** Entries that a log has lost, and those who quote them. Rule CL31. */
import { encodeAuthoredUpdate, encodeBind, encodeQuote, Envelope, KIND, type Bytes } from '@y-sealed/protocol'
import { Session } from '@y-sealed/protocol/sealing'

import type { LogOutcome } from '../../../client/log/document-log.ts'
import { cutContent } from '../../../client/provider/cut-update.ts'
import { QuotePlan } from '../../../client/quotes/quote-plan.ts'
import { craftUpdate, type Block } from '../../hostile/yjs-update.ts'
import { createNote, wordsOf, type Note, type Person } from './note.ts'

/** The content of an update that quotes these. */
export function quote(...envelopes: readonly Envelope[]): Bytes {
  return encodeQuote({ envelopes: envelopes.map(({ bytes }) => bytes) })
}

/** Carol's bind and words, which never came to the log, and Bob, who has them. */
export interface Loss {
  readonly note: Note
  readonly bob: Person
  readonly carol: Person
  readonly lost: readonly Envelope[]
}

export async function lose(): Promise<Loss> {
  const note = await createNote()
  const [bob, carol] = [await note.add('writer'), await note.add('writer')]
  note.append(bob.bind(), bob.type('bob '))
  return { note, bob, carol, lost: [carol.bind(), carol.type('one '), carol.type('two ')] }
}

/** What became of an entry. */
export function wordOf(outcome: LogOutcome | undefined): string {
  return outcome === undefined ? 'nothing' : (wordsOf([outcome])[0] as string)
}

/** The same with a signature that is none. */
export function spoil({ bytes }: Envelope): Envelope {
  const spoilt = bytes.slice()
  spoilt[spoilt.length - 1] = (spoilt.at(-1) as number) ^ 1
  return new Envelope(spoilt)
}

/** A plan of somebody whose log is this, who has nothing in their own document, to a relay that has room. */
export function planOf({ log, membership: access, device }: Person): QuotePlan {
  const { authority, state, head } = log
  const seq = head.seq + 1
  return new QuotePlan({
    access,
    authority,
    state,
    seq,
    device: device.id,
    heldClockOf: () => 0,
    isTooLarge: () => false,
  })
}

/** Somebody who seals, under a session that nobody knows of, what no honest Yjs would make. */
export class Forger {
  readonly #note: Note
  readonly #person: Person
  readonly #session: Session

  constructor(note: Note, person: Person) {
    this.#note = note
    this.#person = person
    this.#session = new Session(note.documentId, person.device)
  }

  seal(kind: 1 | 2 | 3, content: Bytes): Envelope {
    const { membership, log } = this.#person
    return this.#session.sealEntry(kind, content, membership.epochKey!, log.head).envelope
  }

  bind(clientId: number): Envelope {
    return this.seal(KIND.bind, encodeBind({ clientId, introduction: null }))
  }

  update(...blocks: readonly Block[]): Envelope {
    return this.seal(KIND.update, encodeAuthoredUpdate({ authored: 1, update: craftUpdate({ blocks }) }))
  }

  /** The quote, as it leaves. */
  append(...envelopes: readonly Envelope[]): ReturnType<Note['append']> {
    return this.appendAll(quote(...envelopes))
  }

  appendAll(content: Bytes): ReturnType<Note['append']> {
    return this.#note.append(...cutContent(content).map((each) => this.seal(each.kind, each.content)))
  }
}
