/**
 * The client under Node: sockets by `ws`, keys in files.
 *
 * @module
 */
export { nodeFetchJson } from './fetch-json.ts'
export { openFileKeyStore } from './file-key-store.ts'
export { nodeWebSocket, type NodeWebSocketOptions } from './web-socket.ts'
