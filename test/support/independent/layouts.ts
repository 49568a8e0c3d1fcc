/**
 * The tables of SPEC.md as data, and forty lines that turn a vector's JSON into bytes by them: a second encoder that shares
 * nothing with the first.
 *
 * A layout is words: `u8:field`, `u16:field`, `u32:field`, `u64:field`, `raw:field` (hexadecimal), `text:field`, `b16:field`,
 * `b32:field`, `flag:field`, `role:field`, `opt:field` (flag, then its bytes), `rows16:field` and `rows32:field` (a count, then the
 * rows), `n8:field` (a count, then the bytes of each), `all:field` (hexadecimal strings), `records:field`, `#hex` as it stands.
 * `field.inner` reaches into an object; an object where bytes are wanted is the bytes of its fields in order.
 *
 * @module
 */
import type { Json } from '../../vectors/vector.ts'

type Fields = { readonly [name: string]: Json }

const ROTATION = 'u32:rotation.epoch raw:rotation.commitment raw:rotation.backLink rows16:rotation.wraps'

/** KM9, after `u8 type ‖ record-prev 32`. */
export const RECORD_LAYOUTS: Readonly<Record<string, string>> = {
  'genesis/members': '#01 raw:recordPrev #01 #01 raw:salt raw:certificate raw:commitment raw:wrap b16:sealedName',
  'genesis/shared-key': '#01 raw:recordPrev #02 #01 raw:commitment raw:roomPublic',
  add: '#02 raw:recordPrev flag:sponsored role:role raw:certificate raw:wrap b16:sealedName',
  role: '#03 raw:recordPrev raw:device role:role',
  link: '#04 raw:recordPrev raw:certificate role:role u64:expiresAt u32:uses raw:wrap b16:sealedName',
  join: '#05 raw:recordPrev raw:link raw:certificate raw:linkSignature raw:wrap b16:sealedName',
  'revoke-link': `#06 raw:recordPrev raw:link ${ROTATION}`,
  remove: `#07 raw:recordPrev rows16:devices ${ROTATION}`,
  epoch: `#08 raw:recordPrev ${ROTATION}`,
  rewrap: '#09 raw:recordPrev u32:epoch opt:backLink rows16:wraps',
  restart: '#0a raw:recordPrev head:lostHead head:keptHead opt:introduction',
}

const GRANT = 'role:role u16:permissions u64:expiresAtMs'
const CHUNK = 'raw:document raw:snapshotId u32:total u32:offset b32:bytes'

/** FR3. */
export const CLIENT_LAYOUTS: Readonly<Record<string, string>> = {
  hello: '#01 raw:signPublic raw:boxPublic text:audience raw:signature',
  open: '#02 raw:document text:token u64:cursorSeq raw:cursorTranscript raw:recordHead',
  read: '#03 raw:document u64:after u32:maxBytes',
  'read-ids': '#04 raw:document u64:after u64:through',
  'read-snapshot': '#05 raw:document raw:snapshotId u32:offset',
  push: '#06 all:envelopes',
  'push-part': '#07 u16:index u16:count raw:envelope',
  awareness: '#08 raw:envelope',
  refresh: '#09 raw:document text:token',
  close: '#0a raw:document',
  delete: '#0b raw:document',
  'put-snapshot': `#0c ${CHUNK}`,
  restore: '#0d u64:seq all:envelopes',
  'show-head': '#0f raw:genesisHash head:head',
  'show-ids': '#10 raw:document u64:seq raw:ids',
  ping: '#0e u32:nonce',
}

/** FR4. */
export const RELAY_LAYOUTS: Readonly<Record<string, string>> = {
  awareness: '#08 raw:envelope',
  welcome:
    '#81 raw:nonce raw:headKey n8:headKeyStatements u64:timeMs u32:heartbeatMs u16:maxDocuments u16:maxPushes u32:pageBytes',
  opened: `#82 raw:document flag:present head:head ${GRANT} u64:oldestSeq raw:snapshotId u64:snapshotSeq u32:snapshotBytes u64:through`,
  entries: '#83 u64:seq all:envelopes',
  'read-done': '#84 raw:document u64:through u64:headSeq',
  records: '#85 raw:document flag:more records:records',
  ids: '#86 raw:document u64:seq raw:ids',
  ack: '#87 raw:document raw:session u64:counter u16:count u64:seq compaction:compaction',
  nack: '#88 u8:refused raw:document raw:session u64:counter u16:code u32:retryAfterMs u64:detail b32:attachment',
  gone: '#89 raw:document raw:device raw:session',
  head: '#8a raw:document head:head',
  refreshed: `#8b raw:document ${GRANT}`,
  closed: '#8c raw:document u16:code u32:retryAfterMs',
  lagged: '#8d raw:document u64:through',
  'snapshot-chunk': `#8e ${CHUNK}`,
  'snapshot-taken': '#8f raw:document raw:snapshotId u32:nextOffset',
  restored: '#90 raw:document head:head head:lost',
  heartbeat: '#91 u64:timeMs',
  pong: '#92 u32:nonce',
  goaway: '#93 u32:retryAfterMs u32:jitterMs',
}

/** EN10, LO10, LO11, LO13. */
export const CONTENT_LAYOUTS: Readonly<Record<string, string>> = {
  bind: 'u64:clientId opt:introduction',
  awareness: 'u64:clientId u64:clock text:state opt:introduction opthead:head',
  update: 'u64:authored raw:update',
  quote: '#ffffffffffffffff each32:envelopes',
  part: 'u16:index u16:count u32:totalBytes raw:bytes',
  publication:
    'raw:snapshotId u64:seq raw:transcript raw:parentId u32:snapshotEpoch u32:snapshotBytes raw:contentDigest',
  attestation: 'raw:snapshotId u64:seq verdict:verdict raw:contentDigest',
  snapshot:
    '#01 raw:transcript raw:recordHead rows32:sessions rows32:bindings rows32:devices rows32:publications u64:authoredAt b32:state',
}

/** EX2. */
export const EXPORT_LAYOUTS: Readonly<Record<string, { readonly type: number; readonly layout: string }>> = {
  keys: { type: 1, layout: 'raw:sealed' },
  head: { type: 2, layout: 'head:head raw:headKey' },
  records: { type: 3, layout: 'records:records' },
  snapshot: { type: 4, layout: 'u64:seq raw:transcript u32:total u32:offset raw:bytes' },
  entries: { type: 5, layout: 'u64:seq all:envelopes' },
  end: { type: 6, layout: 'u64:seq raw:transcript' },
}

const number = (value: Json, bytes: number): string =>
  BigInt(value as number)
    .toString(16)
    .padStart(2 * bytes, '0')
const word = (value: Json, ...words: readonly string[]): string => number(words.indexOf(value as string), 1)

function raw(value: Json): string {
  return typeof value === 'object' && value !== null
    ? Object.values(value as Fields)
        .map(raw)
        .join('')
    : (value as string)
}

function head(value: Json): string {
  const { seq, transcript, signature } = value as Fields
  return number(seq!, 8) + raw(transcript!) + raw(signature!)
}

const ENCODERS: Readonly<Record<string, (value: Json) => string>> = {
  u8: (value) => number(value, 1),
  u16: (value) => number(value, 2),
  u32: (value) => number(value, 4),
  u64: (value) => number(value, 8),
  raw,
  head,
  flag: (value) => (value === true ? '01' : '00'),
  role: (value) => word(value, 'none', 'reader', 'writer', 'admin'),
  verdict: (value) => word(value, '', 'same', 'different'),
  compaction: (value) => word(value, 'none', 'soon', 'now'),
  text: (value) => ENCODERS['b16']!(Buffer.from(value as string).toString('hex')),
  b16: (value) => number((value as string).length / 2, 2) + (value as string),
  b32: (value) => number((value as string).length / 2, 4) + (value as string),
  opt: (value) => (value === null ? '00' : `01${raw(value)}`),
  opthead: (value) => (value === null ? '00' : `01${head(value)}`),
  rows16: (value) => number((value as Json[]).length, 2) + (value as string[][]).flat().join(''),
  rows32: (value) => number((value as Json[]).length, 4) + (value as string[][]).flat().join(''),
  n8: (value) => number((value as Json[]).length, 1) + (value as Json[]).map(raw).join(''),
  all: (value) => (value as string[]).join(''),
  each32: (value) => (value as string[]).map((each) => ENCODERS['b32']!(each)).join(''),
  records: (value) => (value as Fields[]).map((each) => number(each['seq']!, 8) + raw(each['envelope']!)).join(''),
}

/** The bytes of `fields` by a layout, in hexadecimal. */
export function encodeByLayout(layout: string, fields: Fields): string {
  return layout
    .split(' ')
    .map((item) => {
      if (item.startsWith('#')) return item.slice(1)
      const [encoder, path] = item.split(':') as [string, string]
      let value: Json = fields
      for (const name of path.split('.')) value = (value as Fields)[name]!
      return ENCODERS[encoder]!(value)
    })
    .join('')
}
