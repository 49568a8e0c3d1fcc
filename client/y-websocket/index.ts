/**
 * End-to-end encryption for apps that have y-websocket: a WebSocket class for the published provider, which stays as it is.
 *
 * @module
 */
export type { AdapterReports, AdapterStorage } from '../adapter/adapter-options.ts'
export type { WebSocketClass } from '../adapter/socket-class.ts'
export { sealedWebSocket, type SealedWebSocketOptions } from './sealed-web-socket.ts'
