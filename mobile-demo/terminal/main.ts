/**
 * `npm start`: two people write one note, and beside it stands what the relay has of it.
 *
 * @module
 */
import { explain } from '../host/explain.ts'
import { runDemo } from './demo.ts'
import { HELP, readSettings } from './settings.ts'

try {
  const settings = readSettings(process.argv.slice(2), process.env)
  if (settings === null) process.stdout.write(HELP)
  else process.exitCode = await runDemo(settings)
} catch (error) {
  console.error(`error: ${explain(error)}`)
  process.exitCode = 1
}
