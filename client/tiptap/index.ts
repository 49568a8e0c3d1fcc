/**
 * Other people's carets in a Tiptap editor: the entry point `@y-sealed/client/tiptap`.
 *
 * @module
 */
export { remoteCarets, type CaretUser, type RemoteCaretsOptions } from './remote-carets.ts'
