/**
 * How far something is that takes long: a line on standard error every two seconds, and none for what is done before.
 *
 * @module
 */

const EVERY_MS = 2000

/** Tells what was done of how much; `what` begins the line. Units are counted, or bytes shown as MiB. */
export function createProgress(
  write: (line: string) => void,
  now: () => number = () => performance.now(),
): (what: string, unit: 'MiB' | 'entries', done: number, all: number) => void {
  let saidAtMs = now()
  return (what, unit, done, all) => {
    if (now() - saidAtMs < EVERY_MS || done >= all) return
    saidAtMs = now()
    const show = (amount: number): string => (unit === 'MiB' ? (amount / 1_048_576).toFixed(0) : String(amount))
    write(`${what} ${show(done)} of ${show(all)} ${unit} (${Math.floor((done / all) * 100)} %)`)
  }
}
