/**
 * Every limit that both sides know, each with the reason for its size. SPEC section 9.
 *
 * @module
 */

/** A message to the relay: a record's 128 KiB and room for its frame. [FR1] */
export const MAX_MESSAGE_TO_RELAY = 135_168
/** A message to the relay that is no lone record: some twenty times what a fast typist sends in a second. [FR1] */
export const MAX_PLAIN_MESSAGE_TO_RELAY = 65_536
/** A message to the client: pages are a quarter of it. [FR1] */
export const MAX_MESSAGE_TO_CLIENT = 1_048_576
/** Envelopes in one PUSH. [FR3] */
export const MAX_ENVELOPES_PER_PUSH = 64
/** One page of entries, and what OPEN answers inline: about two round trips of a slow phone. [FR5] [FR7] */
export const PAGE_BYTES = 262_144
/** Characters of a token. [AU1] */
export const MAX_TOKEN_CHARACTERS = 4_096
/** Documents open on one socket. [FR13] */
export const MAX_DOCUMENTS_PER_SOCKET = 16
/** PUSH frames of one socket that the relay has not answered. [FR9] */
export const MAX_PUSHES_IN_FLIGHT = 64
/** From WELCOME to HELLO. [FR2] */
export const HELLO_DEADLINE_MS = 5_000
/** Between HEARTBEAT frames. [FR11] */
export const HEARTBEAT_MS = 15_000
/** How far behind it an entry's authenticating signature may stand, in seqs. [EN13] */
export const AUTHENTICATION_WINDOW = 256
/** A session silent for so many seqs is closed, and a first entry may be so far behind. [LO8] */
export const SESSION_SILENCE_SEQS = 10_000
/** How far one update may raise a Yjs client's clock. [CL3] */
export const MAX_CLOCK_GROWTH = 16_777_216
/** How long a shown awareness state lives without renewal. [FR10] [CL7] */
export const AWARENESS_TTL_MS = 30_000
/** Awareness states of others that a client keeps. [CL7] */
export const MAX_AWARENESS_STATES = 64

/** Longest sealed part by kind name, tag included. [EN5] */
export const MAX_SEALED_BYTES = {
  update: 49_152,
  part: 49_152,
  bind: 49_152,
  record: 130_884,
  publication: 144,
  attestation: 73,
  snapshot: 67_108_864,
  awareness: 2_048,
} as const

/** Bytes of the audience in HELLO. [FR3] */
export const MAX_AUDIENCE_BYTES = 1_024
/** Head-key statements in WELCOME: a deployment that changes its key every year has sixteen years. [FR4] */
export const MAX_HEAD_KEY_STATEMENTS = 16
/** What a NACK carries: `u64 seq ‖` the largest record. [FR4] */
export const MAX_ATTACHMENT_BYTES = 131_080
/** Parts of one update. [LO9] */
export const MAX_PARTS = 2_048
/** One chunk of a snapshot: fits a message with its frame. [FR3] */
export const MAX_CHUNK_BYTES = 57_344
/** A chunk that does not end its snapshot has so many bytes at least: what a slow phone sends in a tenth of a second. [FR3] */
export const MIN_CHUNK_BYTES = 4_096
/** A snapshot's envelope: its longest sealed part, header and signature. [EN5] */
export const MAX_SNAPSHOT_ENVELOPE_BYTES = 67_109_052
/** Devices that one record removes, and wraps that one record carries. [KM9] */
export const MAX_ITEMS_PER_RECORD = 1_000
/** An awareness state, as JSON; what fits the envelope is a little less. [CL7] */
export const MAX_AWARENESS_STATE_BYTES = 2_048
/** An update that travels in parts. [LO9] */
export const MAX_PARTED_UPDATE_BYTES = 67_108_864
/** Entries of one quote: an edit in the most parts, and as many more as it holds at most. Each costs its reader a signature check. [EN10] */
export const MAX_QUOTED_ENVELOPES = 4_096
