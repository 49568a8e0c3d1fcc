/**
 * The log of a `shared-key` document without a relay: several devices append what they seal.
 *
 * @module
 */
import { sharedKeyDocument } from '@y-sealed/client'
import { encodeAuthoredUpdate, encodeBind, KIND, type Bytes, type Envelope } from '@y-sealed/protocol'
import { createDeviceSeeds, Device, randomBytes, Session } from '@y-sealed/protocol/sealing'
import * as Y from 'yjs'

import type { DocumentAccess } from '../../../client/document/document-access.ts'
import { DocumentLog, type LogEntry, type LogOutcome } from '../../../client/log/document-log.ts'

/** A device that writes. */
export class RoomWriter {
  readonly device: Device = new Device(createDeviceSeeds())
  readonly doc: Y.Doc = new Y.Doc()
  readonly #room: RoomLog
  session: Session

  constructor(room: RoomLog) {
    this.#room = room
    this.session = new Session(room.access.documentId, this.device)
  }

  seal(kind: 1 | 2 | 3 | 5 | 6, content: Bytes): Envelope {
    const { access, log } = this.#room
    return this.session.sealEntry(kind, content, access.keyOf(1)!, log.head).envelope
  }

  /** What a session must begin with, and its Yjs client's. */
  bind(introduces = true): Envelope {
    const { access } = this.#room
    const introduction = introduces ? access.introduce(this.device, this.session.id) : null
    return this.seal(KIND.bind, encodeBind({ clientId: this.doc.clientID, introduction }))
  }

  type(word: string): Envelope {
    return this.seal(KIND.update, this.content(word))
  }

  /** What an update holds that types a word. */
  content(word: string): Bytes {
    const before = Y.encodeStateVector(this.doc)
    this.doc.getText('note').insert(0, word)
    return encodeAuthoredUpdate({ authored: 1, update: Y.encodeStateAsUpdateV2(this.doc, before) as Bytes })
  }

  /** As after a restart. */
  renewSession(): void {
    this.session = new Session(this.#room.access.documentId, this.device)
  }
}

/** The log as a relay keeps it, which believes everything, and a reader who has read it from the start. */
export class RoomLog {
  readonly access: DocumentAccess = sharedKeyDocument({ key: randomBytes(32), room: 'notes' })
  readonly log: DocumentLog = new DocumentLog(this.access)
  readonly entries: LogEntry[] = []

  constructor() {
    const founder = new RoomWriter(this)
    const key = this.access.keyOf(1)!
    this.append(founder.session.sealEntry(KIND.record, this.access.genesisBody!, key, this.log.head).envelope)
  }

  append(...envelopes: readonly Envelope[]): LogOutcome[] {
    return envelopes.flatMap((envelope) => {
      const entry = { seq: this.entries.length + 1, envelope }
      this.entries.push(entry)
      return this.log.take([entry])
    })
  }
}
