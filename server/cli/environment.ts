/**
 * Environment variables of the command line: each option has one, and a name that nobody reads is most likely a typing error.
 *
 * @module
 */
import type { Command } from 'commander'

/** Every variable that some option of `program` or of its commands reads. */
export function knownVariables(program: Command): ReadonlySet<string> {
  const own = program.options.flatMap((option) => (option.envVar === undefined ? [] : [option.envVar]))
  return new Set([...own, ...program.commands.flatMap((command) => [...knownVariables(command)])])
}

/** One line for each `Y_SEALED_*` variable that nothing reads, with the nearest name that something does. */
export function warnOfUnknownVariables(
  environment: Readonly<Record<string, string | undefined>>,
  known: ReadonlySet<string>,
): readonly string[] {
  const names = Object.keys(environment).filter((name) => name.startsWith('Y_SEALED_') && !known.has(name))
  return names.sort().map((name) => {
    const nearest = findNearest(name, known)
    const hint = nearest === null ? 'see --help for those that exist' : `did you mean ${nearest}?`
    return `warning: ${name} is set, but nothing reads a variable of that name; ${hint}`
  })
}

function findNearest(name: string, known: ReadonlySet<string>): string | null {
  const ranked = [...known]
    .map((candidate) => ({ candidate, distance: countEdits(name, candidate) }))
    .sort((a, b) => a.distance - b.distance)
  const [best] = ranked
  return best !== undefined && best.distance <= 3 ? best.candidate : null
}

/** Levenshtein distance. */
function countEdits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++) {
      const cost = a[i] === b[j] ? 0 : 1
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + cost))
    }
    row = next
  }
  return row[b.length] ?? 0
}
