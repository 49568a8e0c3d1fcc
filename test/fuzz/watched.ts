/**
 * The sources whose branches the fuzzer tries to reach: everything that reads bytes from outside.
 *
 * @module
 */

const WATCHED = /\/shared\/(wire|members|envelope|log\/(signed-head|head-key))[^:]*\.ts/u

export function isWatched(url: string): boolean {
  return WATCHED.test(url)
}
