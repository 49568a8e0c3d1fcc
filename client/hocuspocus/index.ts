/**
 * End-to-end encryption for apps that have Hocuspocus' provider: a WebSocket class for the published package, which stays as it is.
 *
 * @module
 */
export type { AdapterReports, AdapterStorage } from '../adapter/adapter-options.ts'
export type { WebSocketClass } from '../adapter/socket-class.ts'
export type { ExchangeRequest } from './provider-token.ts'
export { sealedWebSocket, type HocuspocusDocument, type HocuspocusSocketOptions } from './sealed-web-socket.ts'
