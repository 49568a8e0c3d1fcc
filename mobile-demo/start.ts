/**
 * `npm start`: the app and its relay in the browser, or two people in this terminal.
 *
 * @module
 */
const args = process.argv.slice(2)
const isInTerminal = args.includes('--terminal') || args.includes('--once')

if (isInTerminal) {
  process.argv = [...process.argv.slice(0, 2), ...args.filter((arg) => arg !== '--terminal')]
  await import('./terminal/main.ts')
} else await import('./host/main.ts')

export {}
