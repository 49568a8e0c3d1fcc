/**
 * The first byte of every frame. Rules FR3, FR4.
 *
 * @module
 */

/** Types of the frames that a client sends. [FR3] */
export const CLIENT_FRAME = {
  hello: 0x01,
  open: 0x02,
  read: 0x03,
  'read-ids': 0x04,
  'read-snapshot': 0x05,
  push: 0x06,
  'push-part': 0x07,
  awareness: 0x08,
  refresh: 0x09,
  close: 0x0a,
  delete: 0x0b,
  'put-snapshot': 0x0c,
  restore: 0x0d,
  ping: 0x0e,
  'show-head': 0x0f,
  'show-ids': 0x10,
} as const

/** Types of the frames that a relay sends. [FR4] */
export const RELAY_FRAME = {
  awareness: 0x08,
  welcome: 0x81,
  opened: 0x82,
  entries: 0x83,
  'read-done': 0x84,
  records: 0x85,
  ids: 0x86,
  ack: 0x87,
  nack: 0x88,
  gone: 0x89,
  head: 0x8a,
  refreshed: 0x8b,
  closed: 0x8c,
  lagged: 0x8d,
  'snapshot-chunk': 0x8e,
  'snapshot-taken': 0x8f,
  restored: 0x90,
  heartbeat: 0x91,
  pong: 0x92,
  goaway: 0x93,
} as const
