/**
 * How a program of this repository is started: the command lines as they are built, which loads them in half the time; everything else from its
 * sources. `build.ts` sees to it that what is built is current.
 *
 * @module
 */
import { join } from 'node:path'

import { REPOSITORY_ROOT } from './repository.ts'

/** The relay's command line, from the top. */
export const RELAY_MAIN = 'server/cli/main.ts'
/** The client's. */
export const CLIENT_MAIN = 'client/node/cli/main.ts'

const builtOf = new Map([
  [RELAY_MAIN, 'server/dist/cli/main.js'],
  [CLIENT_MAIN, 'client/dist/node/cli/main.js'],
])

/** What Node is told, in front of the program's own arguments. `path` is that of its source, from the top. */
export function programParameters(path: string): readonly string[] {
  const built = builtOf.get(path)
  return built === undefined ? sourceParameters(join(REPOSITORY_ROOT, path)) : [join(REPOSITORY_ROOT, built)]
}

/** The same for what is not built, by any path; the packages are their sources too. */
export function sourceParameters(path: string): readonly string[] {
  return ['--import', 'tsx', '--conditions=source', path]
}
