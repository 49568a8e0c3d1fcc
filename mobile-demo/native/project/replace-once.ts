/**
 * Changes to files of a template, which must not be made in silence to another template.
 *
 * @module
 */

/** `text` with `after` in place of `before`. Throws where that does not stand there once. */
export function replaceOnce(text: string, before: string, after: string): string {
  const parts = text.split(before)
  if (parts.length !== 2)
    throw new Error(`the template has another form than expected: ${parts.length - 1} times “${before}”`)
  return parts.join(after)
}
