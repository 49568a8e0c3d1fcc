/**
 * Where in the app somebody is; kept in the tab's history, never in its address.
 *
 * @module
 */

export type Place =
  | { readonly at: 'list' }
  | { readonly at: 'note'; readonly id: string; readonly isSharing?: boolean }
  | { readonly at: 'join'; readonly link: string }
  | { readonly at: 'pair' }
  | { readonly at: 'settings' }
