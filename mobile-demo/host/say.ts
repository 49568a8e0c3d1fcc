/**
 * What the person at the terminal is told.
 *
 * @module
 */

export function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
