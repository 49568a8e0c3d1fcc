/**
 * The client under Node: sockets by `ws`, keys, unsent edits and logs in files.
 *
 * @module
 */
export { nodeFetchJson } from './fetch-json.ts'
export { openFileDocumentStore, type FileDocumentStore } from './file-document-store.ts'
export { openFileKeyStore } from './file-key-store.ts'
export { openFileOutbox, type FileOutbox } from './file-outbox.ts'
export { openNodeStorage, type NodeStorage } from './node-storage.ts'
export { nodeWebSocket, type NodeWebSocketOptions } from './web-socket.ts'
