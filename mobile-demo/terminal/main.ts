/**
 * `npm start`: two people write one note, and beside it stands what the relay has of it.
 *
 * @module
 */
import { HELP, readSettings } from './settings.ts'
import { runDemo } from './demo.ts'

try {
  const settings = readSettings(process.argv.slice(2), process.env)
  if (settings === null) process.stdout.write(HELP)
  else process.exitCode = await runDemo(settings)
} catch (error) {
  console.error(`error: ${explain(error)}`)
  process.exitCode = 1
}

function explain(error: unknown): string {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  if (code === 'EADDRINUSE')
    return 'another program listens on that port, perhaps an earlier demo: stop it, or give another (npm start -- --port 0)'
  if (code === 'STORE_LOCKED')
    return 'another relay is using that folder: stop it, or give another (npm start -- --data ./other)'
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return `${String(message).split('.')[0]}; see npm start -- --help`
  return String(message).replaceAll(/\s+/g, ' ')
}
