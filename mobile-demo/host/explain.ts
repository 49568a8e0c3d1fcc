/**
 * What keeps the demo from starting, in one line for a person.
 *
 * @module
 */

export function explain(error: unknown): string {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  if (code === 'EADDRINUSE')
    return 'another program listens on that port, perhaps an earlier demo: stop it, or give another (npm start -- --port 0)'
  if (code === 'STORE_LOCKED')
    return 'another relay is using that folder: stop it, or give another (npm start -- --data ./other)'
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return `${String(message).split('.')[0]}; see npm start -- --help`
  return String(message).replaceAll(/\s+/g, ' ')
}
