/**
 * What Node says went wrong with a file.
 *
 * @module
 */

/** Is it Node's error of one of these codes, such as `ENOENT`? */
export function hasErrnoCode(error: unknown, ...codes: readonly string[]): boolean {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return code !== undefined && codes.includes(code)
}
