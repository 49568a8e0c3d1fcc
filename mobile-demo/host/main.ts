/**
 * `npm start` in the browser: the app's builder first, which is what takes its time, and then the relay's modules.
 *
 * @module
 */
import { ensureApp } from './ensure-app.ts'
import { explain } from './explain.ts'
import { say } from './say.ts'
import { HELP, readSettings } from './settings.ts'

try {
  const settings = readSettings(process.argv.slice(2), process.env)
  if (settings === null) process.stdout.write(HELP)
  else {
    const building = ensureApp(say)
    // While the relay's modules are loaded nobody waits for it yet.
    building.catch(() => undefined)
    const { serve } = await import('./serve.ts')
    await serve(settings, building)
  }
} catch (error) {
  say(`error: ${explain(error)}`)
  process.exitCode = 1
}
