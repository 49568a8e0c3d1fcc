/**
 * What an audit may find: each kind of fault by a stable code, with what it means and what to do. A *fault* is what a sound relay on a
 * sound disk never stores; what an author did wrong by the author's own hand, and everybody passes over, is a *remark*.
 *
 * @module
 */

/** Callers switch on it; a new one is a minor release. */
export type FaultCode =
  | 'DATABASE_DAMAGED'
  | 'FILE_DAMAGED'
  | 'RECORDS_WRONG'
  | 'HEAD_WRONG'
  | 'END_WRONG'
  | 'REFERENCE_BROKEN'
  | 'TOMBSTONE_WRONG'
  | 'DOCUMENT_WRONG'
  | 'GENESIS_WRONG'
  | 'SEQ_GAP'
  | 'ENVELOPE_MALFORMED'
  | 'ENVELOPE_MISPLACED'
  | 'ENVELOPE_CHANGED'
  | 'COLUMN_WRONG'
  | 'BYTES_WRONG'
  | 'ID_WRONG'
  | 'TRANSCRIPT_WRONG'
  | 'CHAIN_BROKEN'
  | 'SESSION_OVER'
  | 'SEEN_WRONG'
  | 'SEEN_TOO_OLD'
  | 'EPOCH_WRONG'
  | 'ROLE_WRONG'
  | 'RECORD_REFUSED'
  | 'SIGNATURE_WRONG'
  | 'PART_ALONE'
  | 'EPOCHS_WRONG'
  | 'MEMBERS_WRONG'
  | 'LINKS_WRONG'
  | 'SESSION_EMPTY'
  | 'TRIM_WRONG'
  | 'SNAPSHOT_WRONG'
  | 'PUBLICATIONS_WRONG'
  | 'ATTESTATIONS_WRONG'
  | 'WRITERS_WRONG'

/** A fault, and where it is: `seq` is `null` for one of the whole document or database. */
export interface Fault {
  readonly code: FaultCode
  readonly seq: number | null
  /** What differs, in a few words; never content. */
  readonly detail: string
}

interface Explanation {
  readonly meaning: string
  readonly advice: string
}

const RESTORE = 'keep a copy of the file, look after the disk, and restore the newest backup that is found in order'
const COPY = 'take another copy of the file, or export the document again; the document itself is not touched'
const REPORT = 'a relay stores no such thing: find out who else writes to the file, and report this if nobody does'
const STOP = 'stop the relay, since it lets in and refuses by this table, and restore a backup that is found in order'

/** Every code in words. */
export const EXPLANATIONS: Readonly<Record<FaultCode, Explanation>> = {
  DATABASE_DAMAGED: { meaning: 'SQLite finds its own pages, indexes or checks damaged', advice: RESTORE },
  FILE_DAMAGED: { meaning: 'the file is no whole exported document', advice: COPY },
  RECORDS_WRONG: { meaning: 'the list of member records is not that of the log', advice: COPY },
  HEAD_WRONG: { meaning: 'the head that a relay is to have signed is not of this log', advice: COPY },
  END_WRONG: { meaning: 'the log does not end where and as the file says', advice: COPY },
  REFERENCE_BROKEN: { meaning: 'rows refer to rows that are not there', advice: RESTORE },
  TOMBSTONE_WRONG: { meaning: 'a document that was deleted is there', advice: REPORT },
  DOCUMENT_WRONG: { meaning: 'the document’s row is not what its first record says', advice: STOP },
  GENESIS_WRONG: {
    meaning: 'the first record is not the one that names this document, so nothing after it can be judged',
    advice: RESTORE,
  },
  SEQ_GAP: { meaning: 'entries are missing: clients will report that the relay lost or hid them', advice: RESTORE },
  ENVELOPE_MALFORMED: { meaning: 'the stored bytes are no envelope: no client can read the entry', advice: RESTORE },
  ENVELOPE_MISPLACED: { meaning: 'the envelope belongs to another document', advice: RESTORE },
  ENVELOPE_CHANGED: {
    meaning: 'the stored bytes are not those that were logged: no client accepts them',
    advice: RESTORE,
  },
  COLUMN_WRONG: { meaning: 'a column beside the envelope says something else than the envelope', advice: RESTORE },
  BYTES_WRONG: { meaning: 'the running size of the log is wrong: quotas go by it', advice: RESTORE },
  ID_WRONG: { meaning: 'the stored id is not that of the envelope', advice: RESTORE },
  TRANSCRIPT_WRONG: {
    meaning: 'the stored transcript does not follow from the entries: clients will report a fork',
    advice: RESTORE,
  },
  CHAIN_BROKEN: { meaning: 'an entry does not continue its session: no client counts it', advice: REPORT },
  SESSION_OVER: { meaning: 'an entry continues a session that was over, or never began', advice: REPORT },
  SEEN_WRONG: { meaning: 'an entry says that its author saw another log than this one', advice: RESTORE },
  SEEN_TOO_OLD: { meaning: 'a session began upon a head that was too old', advice: REPORT },
  EPOCH_WRONG: { meaning: 'an entry stands under a key that was not in force at its place', advice: REPORT },
  ROLE_WRONG: { meaning: 'the author of an entry was not allowed to write at its place', advice: REPORT },
  RECORD_REFUSED: {
    meaning: 'a record of the member log does not count: who might do what after it cannot be told',
    advice: RESTORE,
  },
  SIGNATURE_WRONG: { meaning: 'an entry that must be signed by itself is not', advice: RESTORE },
  PART_ALONE: { meaning: 'a part of a large update stands without the others', advice: REPORT },
  EPOCHS_WRONG: { meaning: 'the table of epochs is not what the records say', advice: STOP },
  MEMBERS_WRONG: { meaning: 'the table of members is not what the records say', advice: STOP },
  LINKS_WRONG: { meaning: 'the table of links is not what the records say', advice: STOP },
  TRIM_WRONG: {
    meaning: 'what is trimmed is not what the document’s row says: quotas and readers go by it',
    advice: STOP,
  },
  SNAPSHOT_WRONG: {
    meaning: 'a snapshot is not what its publication names: no client opens it, and the log before it may be trimmed',
    advice: RESTORE,
  },
  PUBLICATIONS_WRONG: { meaning: 'the table of snapshots is not what the log says', advice: STOP },
  ATTESTATIONS_WRONG: {
    meaning: 'the table of attestations is not what the log says: trimming goes by it',
    advice: STOP,
  },
  WRITERS_WRONG: { meaning: 'the table of who wrote lacks some: trimming goes by it', advice: STOP },
  SESSION_EMPTY: { meaning: 'a session stands in its table without an entry', advice: REPORT },
}
