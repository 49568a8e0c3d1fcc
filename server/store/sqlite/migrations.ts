/**
 * The tables, as a list of steps: `user_version` counts the steps that a file has taken. A step is never changed once
 * it is released; a change is a new step.
 *
 * @module
 */
import type { Database } from 'better-sqlite3'

import { StoreError } from '../store-error.ts'

/** Marks the file as ours in SQLite's own header: 'yseL'. */
export const APPLICATION_ID = 0x7973654c

/**
 * Entries stand in the order in which they came, whatever their document, and two narrow indexes find them: clustering
 * them by document was measured four to five times slower for a batch that touches many documents, since each entry
 * then dirties a page of its own. For the same reason nothing is kept twice: the head of a document is its newest entry
 * and the head of a session is that session's newest entry, so an append writes one row and no other.
 *
 * Trimming takes the row away, and what is kept of it goes into a page of marks (step 5); earlier versions set `envelope` to NULL and kept the
 * signature. The newest entry of a document and records keep their rows. [LO15]
 *
 * There is no unique index on `id`: an id is a hash over document, device, session and counter among others, and these
 * are unique; a second index in random order would double the pages that an append dirties.
 */
const STEP_1 = `
  CREATE TABLE documents (
    document INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    mode INTEGER NOT NULL CHECK (mode IN (0, 1)),
    genesis_hash BLOB NOT NULL CHECK (length(genesis_hash) = 32 AND substr(genesis_hash, 1, 16) = id),
    room_key BLOB CHECK (length(room_key) = 32),
    CHECK ((mode = 1) = (room_key IS NOT NULL))
  ) STRICT;

  CREATE TABLE epochs (
    document INTEGER NOT NULL REFERENCES documents (document),
    epoch INTEGER NOT NULL CHECK (epoch BETWEEN 1 AND 4294967295),
    commitment BLOB NOT NULL CHECK (length(commitment) = 32),
    PRIMARY KEY (document, epoch)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE members (
    document INTEGER NOT NULL REFERENCES documents (document),
    device BLOB NOT NULL CHECK (length(device) = 16),
    role INTEGER NOT NULL CHECK (role BETWEEN 1 AND 3),
    PRIMARY KEY (document, device)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE sessions (
    session INTEGER PRIMARY KEY,
    document INTEGER NOT NULL REFERENCES documents (document),
    device BLOB NOT NULL CHECK (length(device) = 16),
    id BLOB NOT NULL CHECK (length(id) = 8),
    UNIQUE (document, device, id),
    UNIQUE (document, session)
  ) STRICT;

  CREATE TABLE entries (
    document INTEGER NOT NULL,
    seq INTEGER NOT NULL CHECK (seq BETWEEN 1 AND 9007199254740991),
    session INTEGER NOT NULL,
    counter INTEGER NOT NULL CHECK (counter BETWEEN 1 AND 9007199254740991),
    kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 255),
    record INTEGER NOT NULL CHECK (record IN (0, 1)),
    grouped INTEGER NOT NULL CHECK (grouped IN (0, 1)),
    log_bytes INTEGER NOT NULL CHECK (log_bytes BETWEEN 1 AND 9007199254740991),
    id BLOB NOT NULL CHECK (length(id) = 32),
    transcript BLOB NOT NULL CHECK (length(transcript) = 32),
    envelope BLOB CHECK (length(envelope) BETWEEN 1 AND 16777216),
    UNIQUE (document, seq),
    UNIQUE (session, counter),
    FOREIGN KEY (document, session) REFERENCES sessions (document, session),
    CHECK (record = 0 OR envelope IS NOT NULL)
  ) STRICT;
  CREATE INDEX records ON entries (document, seq) WHERE record = 1;

  CREATE TABLE tombstones (
    id BLOB PRIMARY KEY CHECK (length(id) = 16)
  ) STRICT, WITHOUT ROWID;
`

/** An epoch may be closed before the next is opened [KM18]; links that are live, and when the relay is to refuse them. [KM17] */
const STEP_2 = `
  ALTER TABLE epochs ADD COLUMN closed INTEGER NOT NULL DEFAULT 0 CHECK (closed IN (0, 1));

  CREATE TABLE links (
    document INTEGER NOT NULL REFERENCES documents (document),
    link BLOB NOT NULL CHECK (length(link) = 16),
    expires INTEGER NOT NULL CHECK (expires BETWEEN 0 AND 9007199254740991),
    PRIMARY KEY (document, link)
  ) STRICT, WITHOUT ROWID;
`

/** Heads that this deployment has signed and that a document's log lacks; the document need not be there. [LO14] */
const STEP_3 = `
  CREATE TABLE lost_heads (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    seq INTEGER NOT NULL CHECK (seq BETWEEN 1 AND 9007199254740991),
    transcript BLOB NOT NULL CHECK (length(transcript) = 32)
  ) STRICT, WITHOUT ROWID;
`

/**
 * Snapshots [LO10] [LO11] [LO13], and what trimming rests on [LO15]: when an entry came, its signature once its envelope is gone, and who
 * wrote, which outlives the marks. Entries that stand already count as having come now.
 *
 * A snapshot's bytes stand in `snapshots` and `chunks` from its first piece on; `state`: 0 on its way in, 1 whole and found good, 2
 * published, 3 to be taken away. `attested`: 1 by others, 2 by its age. A publication keeps its row as long as its mark, and longer where something may yet come of it
 * (`forget-publications.ts`): what attested it, and what it followed, is asked long after its bytes are gone.
 */
const STEP_4 = (nowS: number): string => `
  ALTER TABLE documents ADD COLUMN base INTEGER NOT NULL DEFAULT 0 CHECK (base BETWEEN 0 AND 9007199254740991);
  ALTER TABLE documents ADD COLUMN trimmed_bytes INTEGER NOT NULL DEFAULT 0
    CHECK (trimmed_bytes BETWEEN 0 AND 9007199254740991);
  ALTER TABLE entries ADD COLUMN at INTEGER NOT NULL DEFAULT ${nowS} CHECK (at BETWEEN 0 AND 9007199254740991);
  ALTER TABLE entries ADD COLUMN signature BLOB
    CHECK ((signature IS NULL) = (envelope IS NOT NULL) AND (signature IS NULL OR length(signature) = 64));

  CREATE TABLE writers (
    document INTEGER NOT NULL REFERENCES documents (document),
    device BLOB NOT NULL CHECK (length(device) = 16),
    PRIMARY KEY (document, device)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO writers SELECT DISTINCT s.document, device FROM sessions s
    WHERE EXISTS (SELECT 1 FROM entries e WHERE e.session = s.session AND record = 0);

  CREATE TABLE snapshots (
    snapshot INTEGER PRIMARY KEY,
    document INTEGER NOT NULL REFERENCES documents (document),
    id BLOB NOT NULL CHECK (length(id) = 32),
    device BLOB NOT NULL CHECK (length(device) = 16),
    bytes INTEGER NOT NULL CHECK (bytes BETWEEN 1 AND 67109052),
    held INTEGER NOT NULL CHECK (held BETWEEN 0 AND bytes),
    touched INTEGER NOT NULL CHECK (touched BETWEEN 0 AND 9007199254740991),
    state INTEGER NOT NULL CHECK (state IN (0, 1, 2, 3)),
    epoch INTEGER CHECK (epoch BETWEEN 1 AND 4294967295),
    seq INTEGER CHECK (seq BETWEEN 1 AND 9007199254740991),
    transcript BLOB CHECK (length(transcript) = 16),
    CHECK ((state IN (0, 3)) = (epoch IS NULL) AND (epoch IS NULL) = (seq IS NULL) AND (epoch IS NULL) = (transcript IS NULL)),
    CHECK (state IN (0, 3) OR held = bytes)
  ) STRICT;
  CREATE UNIQUE INDEX snapshots_by_name ON snapshots (document, id, device) WHERE state < 3;
  CREATE INDEX snapshots_by_document ON snapshots (document);
  CREATE INDEX snapshots_to_go ON snapshots (touched) WHERE state IN (0, 1, 3);

  CREATE TABLE chunks (
    snapshot INTEGER NOT NULL REFERENCES snapshots (snapshot),
    row INTEGER NOT NULL CHECK (row BETWEEN 0 AND 1170),
    bytes BLOB NOT NULL CHECK (length(bytes) BETWEEN 1 AND 57344),
    UNIQUE (snapshot, row)
  ) STRICT;

  CREATE TABLE publications (
    document INTEGER NOT NULL REFERENCES documents (document),
    published INTEGER NOT NULL CHECK (published BETWEEN 1 AND 9007199254740991),
    id BLOB NOT NULL CHECK (length(id) = 32),
    seq INTEGER NOT NULL CHECK (seq BETWEEN 1 AND published - 1),
    transcript BLOB NOT NULL CHECK (length(transcript) = 32),
    parent BLOB NOT NULL CHECK (length(parent) = 32),
    epoch INTEGER NOT NULL CHECK (epoch BETWEEN 1 AND 4294967295),
    bytes INTEGER NOT NULL CHECK (bytes BETWEEN 1 AND 67109052),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    device BLOB NOT NULL CHECK (length(device) = 16),
    member BLOB NOT NULL CHECK (length(member) = 16),
    admin INTEGER NOT NULL CHECK (admin IN (0, 1)),
    at INTEGER NOT NULL CHECK (at BETWEEN 0 AND 9007199254740991),
    attested INTEGER NOT NULL DEFAULT 0 CHECK (attested IN (0, 1, 2)),
    disputed INTEGER NOT NULL DEFAULT 0 CHECK (disputed = 0 OR disputed > published),
    snapshot INTEGER UNIQUE REFERENCES snapshots (snapshot),
    PRIMARY KEY (document, published),
    UNIQUE (document, id),
    UNIQUE (document, seq)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE attestations (
    document INTEGER NOT NULL,
    published INTEGER NOT NULL,
    device BLOB NOT NULL CHECK (length(device) = 16),
    verdict INTEGER NOT NULL CHECK (verdict IN (1, 2)),
    member BLOB NOT NULL CHECK (length(member) = 16),
    attested INTEGER NOT NULL CHECK (attested > published),
    PRIMARY KEY (document, published, device, verdict),
    FOREIGN KEY (document, published) REFERENCES publications (document, published)
  ) STRICT, WITHOUT ROWID;
`

/**
 * Marks of trimmed entries, many to a row (`mark-page.ts`), in place of a row each without its envelope: `packed` is the seq up to which they
 * are, and rows up to there are records alone. `packed_sessions` finds the page in which a session has a counter: the lowest that it has there.
 * A session whose newest entry has no row any more has that entry's place and id in its own. [LO15]
 */
const STEP_5 = `
  ALTER TABLE documents ADD COLUMN packed INTEGER NOT NULL DEFAULT 0 CHECK (packed BETWEEN 0 AND 9007199254740991);
  ALTER TABLE sessions ADD COLUMN last_counter INTEGER CHECK (last_counter BETWEEN 1 AND 9007199254740991);
  ALTER TABLE sessions ADD COLUMN last_seq INTEGER
    CHECK (last_seq BETWEEN 1 AND 9007199254740991 AND (last_seq IS NULL) = (last_counter IS NULL));
  ALTER TABLE sessions ADD COLUMN last_id BLOB CHECK (length(last_id) = 32 AND (last_id IS NULL) = (last_seq IS NULL));

  CREATE TABLE mark_pages (
    document INTEGER NOT NULL REFERENCES documents (document),
    first INTEGER NOT NULL CHECK (first BETWEEN 1 AND 9007199254740991),
    last INTEGER NOT NULL CHECK (last BETWEEN first AND first + 127),
    at INTEGER NOT NULL CHECK (at BETWEEN 0 AND 9007199254740991),
    log_bytes INTEGER NOT NULL CHECK (log_bytes BETWEEN 1 AND 9007199254740991),
    transcript BLOB NOT NULL CHECK (length(transcript) = 32 * ((last - first) / 16 + 1)),
    marks BLOB NOT NULL CHECK (length(marks) = 100 * (last - first + 1)),
    places BLOB NOT NULL CHECK (length(places) BETWEEN 18 AND 18 * (last - first + 1)),
    UNIQUE (document, first)
  ) STRICT;

  CREATE TABLE packed_sessions (
    session INTEGER NOT NULL REFERENCES sessions (session),
    first INTEGER NOT NULL CHECK (first BETWEEN 1 AND 9007199254740991),
    counter INTEGER NOT NULL CHECK (counter BETWEEN 1 AND 9007199254740991),
    PRIMARY KEY (session, first)
  ) STRICT, WITHOUT ROWID;
`

/** A head of a proof with which a document was put back stands until the log has it. [LO14] */
const STEP_6 = `
  ALTER TABLE lost_heads ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1));
`

const STEPS: readonly (string | ((nowS: number) => string))[] = [STEP_1, STEP_2, STEP_3, STEP_4, STEP_5, STEP_6]

/**
 * Throws `STORE_FOREIGN` for a file that is not ours, `STORE_NEWER` for one that a later version wrote. Changes nothing:
 * it is asked before the first pragma that would write.
 */
export function checkOwnership(db: Database): void {
  const applicationId = db.pragma('application_id', { simple: true })
  const version = db.pragma('user_version', { simple: true }) as number
  const tables = db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get()
  const isBlank = applicationId === 0 && version === 0 && tables === 0
  if (!isBlank && applicationId !== APPLICATION_ID) {
    throw new StoreError('STORE_FOREIGN', 'the file is a database of another application')
  }
  if (version > STEPS.length) {
    throw new StoreError('STORE_NEWER', `the file has format ${version}; this version reads up to ${STEPS.length}`)
  }
}

/** Takes the steps that the file lacks, each in a transaction of its own. */
export function migrate(db: Database): void {
  const version = db.pragma('user_version', { simple: true }) as number
  for (const [index, step] of STEPS.entries()) {
    if (index < version) continue
    db.transaction(() => {
      db.exec(typeof step === 'string' ? step : step(Math.floor(Date.now() / 1000)))
      db.pragma(`application_id = ${APPLICATION_ID}`)
      db.pragma(`user_version = ${index + 1}`)
    }).immediate()
  }
}
