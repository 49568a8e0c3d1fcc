/**
 * A person of a note who types at a device: a Sender over an outbox, without a relay. What leaves is kept until the test has the note store it.
 *
 * @module
 */
import type { Outbox, OutboxItem } from '@y-sealed/client'
import { KIND, readWholeEnvelope, type Bytes, type Envelope } from '@y-sealed/protocol'
import { onTestFinished } from 'vitest'
import * as Y from 'yjs'

import { isDraft } from '../../../client/drafts/draft.ts'
import { DocumentLog, feedsOf } from '../../../client/log/document-log.ts'
import { Sender } from '../../../client/provider/sender.ts'
import { TypedClocks } from '../../../client/provider/typed-clocks.ts'
import { feedUpdate } from '../../../client/yjs/feed-update.ts'
import type { Note, Person } from './note.ts'

export interface Seat {
  readonly doc: Y.Doc
  readonly sender: Sender
  readonly sent: Envelope[]
  readonly problems: string[]
}

/** A person who types; what leaves is kept. */
export function sit(person: Person, outbox: Outbox, whenKept: () => Promise<void> = () => Promise.resolve()): Seat {
  const doc = new Y.Doc()
  const sent: Envelope[] = []
  const problems: string[] = []
  const sender = new Sender({
    doc,
    access: person.membership,
    device: person.device,
    log: person.log,
    typedClocks: new TypedClocks(doc),
    outbox,
    send: (frame) => {
      if (frame.type === 'push') sent.push(...frame.envelopes)
      if (frame.type === 'push-part') sent.push(frame.envelope)
      return true
    },
    reopen: () => undefined,
    refresh: () => true,
    onChange: () => undefined,
    onSetAside: () => undefined,
    show: (update) => feedUpdate(doc, update, 'leftover'),
    whenKept,
    onProblem: ({ code }) => problems.push(code),
  })
  doc.on('updateV2', (update, origin) => origin === 'leftover' || sender.take(update as Bytes))
  onTestFinished(() => sender.destroy())
  return { doc, sender, sent, problems }
}

/** The same person in the next run of the app, with what the one before has left. */
export async function sitAgain(person: Person, outbox: Outbox): Promise<Seat> {
  const seat = sit(person, outbox)
  await seat.sender.restore()
  seat.sender.loaded()
  return seat
}

/** The relay stores what was sent; the person reads it. */
export function store(note: Note, person: Person, { sender, sent }: Seat): void {
  for (const envelope of sent.splice(0)) {
    const entry = { seq: note.entries.length + 1, envelope }
    note.entries.push(entry)
    for (const reader of note.people) {
      for (const outcome of reader.log.take([entry])) {
        if (reader !== person) continue
        if (outcome.kind === 'bind') sender.bound([{ client: outcome.client, device: outcome.envelope.device }])
        const own = sender.find(outcome.envelope)
        if (own) sender.notice(outcome, own)
      }
    }
  }
}

/** The relay stores all that is sent, until nothing more is. */
export function storeAll(note: Note, person: Person, seat: Seat): void {
  while (seat.sent.length > 0) store(note, person, seat)
}

/** What somebody is shown who reads the whole log: one of its texts. */
export function readText({ creator, entries }: Note, name = 'note'): string {
  const shown = new Y.Doc()
  for (const outcome of new DocumentLog(creator.membership).take(entries)) {
    for (const update of feedsOf(outcome)) feedUpdate(shown, update, 'log')
  }
  return shown.getText(name).toJSON()
}

/** The log that everybody reads ends here again. */
export function rollBack(note: Note, length: number): void {
  note.entries.splice(length)
  for (const person of note.people) {
    person.log.restart()
    person.log.take(note.entries)
  }
}

/** An edit that is sealed whole. */
export const isUpdate = ({ kind }: Envelope): boolean => kind === KIND.update

/** In the outbox: an edit that is sealed, or a part of one. */
export function isEdit(item: OutboxItem): boolean {
  const kind = isDraft(item) ? null : readWholeEnvelope(item.envelope)?.kind
  return kind === KIND.update || kind === KIND.part
}
