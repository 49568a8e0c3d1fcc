/**
 * React hooks for documents of y-sealed: the entry point `@y-sealed/client/react`. React 18 or 19; it touches no page when it is imported, so
 * that a server may render with it.
 *
 * @module
 */
export type { DocumentState } from './document-lease.ts'
export { useDocument } from './use-document.ts'
export { useMembers } from './use-members.ts'
export { usePresence, type PresenceState } from './use-presence.ts'
export { useProvider } from './use-provider.ts'
export { useCalmStatus, useSyncStatus } from './use-sync-status.ts'
export { useYMap, useYText } from './use-y-type.ts'
