/**
 * The version of everything on the wire. A test hashes the wire and fails when bytes change while this does not.
 *
 * @module
 */

/** First byte of every envelope. [EN1] */
export const PROTOCOL_VERSION = 1
/** WebSocket subprotocol. [FR1] */
export const SUBPROTOCOL = 'y-sealed.v1'
/** Path of the relay's socket. [FR1] */
export const SOCKET_PATH = '/sync'
