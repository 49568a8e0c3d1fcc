/**
 * The error of a start that cannot go ahead as it is set up.
 *
 * @module
 */

/** What happened, what it means and what to do next, in one line of plain words without secrets. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
  readonly code = 'BAD_SETTINGS'
}
