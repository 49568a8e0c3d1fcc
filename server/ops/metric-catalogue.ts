/**
 * Every number that the relay shows: its name, its kind, what it means and which labels it has. The names in the code lack the prefix
 * and the unit's `_total`; `prometheus.ts` adds them. Row J4.
 *
 * @module
 */
import { REFUSALS } from '@y-sealed/protocol'

export interface MetricDefinition {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  /** One label at most; `values` are shown from the start as 0, so that an alert sees the first of them rise. */
  readonly label?: { readonly name: string; readonly values: readonly string[] }
  /** Upper bounds of a histogram, in seconds. */
  readonly buckets?: readonly number[]
}

const counter = (help: string): MetricDefinition => ({ kind: 'counter', help })
const gauge = (help: string): MetricDefinition => ({ kind: 'gauge', help })
const counterBy = (name: string, values: readonly string[], help: string): MetricDefinition => ({
  kind: 'counter',
  help,
  label: { name, values },
})
const seconds = (help: string): MetricDefinition => ({
  kind: 'histogram',
  help,
  buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
})

/** Why tokens are refused, in few words: `form` is not even a token of ours, `signature` is somebody's attempt. */
export const TOKEN_REASONS = ['form', 'claims', 'time', 'key', 'signature', 'revoked', 'internal'] as const

/** By the name that the code gives. */
export const METRICS: Readonly<Record<string, MetricDefinition>> = {
  // The door.
  tls_errors: counterBy('code', [], 'TLS handshakes that failed'),
  handshakes_refused: counter('TCP connections reset before TLS because their network had used up its handshakes'),
  connections_dropped: counter('TCP connections dropped because there were as many as may be'),
  accepts_failed: counter('TCP connections that the system could not hand over, for want of descriptors most likely'),
  upgrades_refused: counterBy(
    'status',
    ['400', '401', '403', '404', '405', '426', '429', '431', '503'],
    'WebSocket upgrades refused, by HTTP status',
  ),
  tokens_accepted: counter('Tokens found good'),
  tokens_refused: counterBy('reason', TOKEN_REASONS, 'Tokens refused, by what was wrong in coarse words'),
  token_requests: counterBy('status', ['200', '400', '401', '403', '429', '503'], 'Answers of the embedded issuer'),
  hellos_refused: counterBy('reason', [], 'Sockets whose proof of possession did not hold'),
  revocations: counter('Revocations taken in'),

  // Sockets.
  connections: gauge('Sockets open'),
  documents_open: gauge('Documents open on one socket or more'),
  connections_ended: counterBy(
    'code',
    ['1001', '1003', '1011', '1013', '4400', '4401', '4403', '4508', '4529'],
    'Sockets that the relay ended, by close code',
  ),
  websocket_errors: counterBy('code', [], 'Breaches of the WebSocket protocol by peers'),
  sockets_cut_off: counter('Sockets cut off because their peer did not read'),
  subscriptions_lagged: counter('Documents whose live delivery was stopped until a slow reader has read up'),
  outbound_queue_bytes: gauge('Bytes waiting for peers to read, of all sockets'),
  outbound_queue_largest_bytes: gauge('Bytes waiting for the peer that reads slowest'),

  // Frames.
  frames_refused: counterBy('fault', [], 'Frames that were malformed'),
  nacks: counterBy('code', Object.keys(REFUSALS), 'Frames refused, by code of NACK'),
  strikes: counter('Strikes given for refusals that honest clients do not earn'),
  equivocations: counter('Pushes that would put another entry in the place of one that is stored'),
  records_refused: counterBy(
    'reason',
    [],
    'Records of members that do not count, or came by a socket that may not bring them',
  ),

  // The store.
  pushes: counter('Units of entries handed to the store'),
  entries_stored: counter('Entries stored'),
  bytes_stored: counter('Bytes of stored envelopes'),
  appends_failed: counter('Appends that the store could not carry out; nothing was acknowledged'),
  append_seconds: seconds('From the hand-over of a push to its durable commit'),
  commit_seconds: seconds('One commit of the database, durable'),
  store_bytes: gauge('Size of the database with its journal'),
  entries_delivered: counter('Entries sent on, counted once each'),
  entries_repaired: counter('Entries read from the store because the bus had not brought them'),
  entries_restored: counter('Entries given back by clients'),
  heads_lost: counter('Heads that this relay had signed and that its log turned out to lack'),
  restores_failed: counter('Givings back that the store could not carry out'),
  opens_failed: counter('Openings that the store could not answer'),
  reads_failed: counter('Reads that the store could not answer'),
  deletes_failed: counter('Deletions that the store could not carry out'),
  heads_failed: counter('Signed heads that the store could not give'),
  refreshes_failed: counter('Rows of documents that could not be read anew'),
  repairs_failed: counter('Gaps that could not be read from the store'),
  compares_failed: counter('Comparisons of heads with the store that failed'),
  snapshot_bytes_staged: counter('Bytes of snapshots taken in'),
  snapshot_bytes_sent: counter('Bytes of snapshots sent to those who asked for pages of them'),
  snapshots_published: counter('Snapshots put into force'),
  snapshots_dropped: counter('Snapshots whose bytes went because newer ones stand for them'),
  entries_trimmed: counter('Entries whose bodies went because snapshots stand for them'),
  bytes_trimmed: counter('Bytes of those bodies'),
  marks_forgotten: counter('Marks of trimmed entries that were old enough to go'),
  pages_given_back: counter('Pages of the database that were free and went back to the system'),
  trims_failed: counter('Rounds of trimming that the store ended early'),
  stagings_failed: counter('Pieces of snapshots that the store could not take'),
  bus_messages_refused: counter('Messages of the bus that were malformed'),

  // The process.
  certificate_not_after_seconds: gauge('End of the certificate in use, Unix time'),
  certificate_days_left: gauge('Days until then; negative when it has expired'),
  certificate_reloads: counterBy('result', ['done', 'failed'], 'Certificates taken in while running'),
  event_loop_lag_p99_seconds: gauge('Delay of the event loop since the last look, 99th percentile'),
  event_loop_lag_max_seconds: gauge('Delay of the event loop since the last look, worst'),
  resident_memory_bytes: gauge('Resident memory of the process'),
  heap_used_bytes: gauge('Heap in use'),
  cpu_seconds: gauge('Processor time used, user and system'),
  open_descriptors: gauge('File descriptors open; absent where the system does not say'),
  start_time_seconds: gauge('Start of the process, Unix time'),
  draining: gauge('1 while the relay is on its way down'),
  log_lines_suppressed: counter('Lines of log left out because their event came too often'),
}
