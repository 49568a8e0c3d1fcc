/**
 * What the person who started the command has to change.
 *
 * @module
 */
import { SyncError } from '@y-sealed/protocol'

/** Says in one line what is wrong, what that means and what to do. The command ends with exit code 2. */
export class SettingsError extends SyncError {
  override readonly name = 'SettingsError'
  constructor(message: string, options?: ErrorOptions) {
    super('BAD_SETTINGS', message, options)
  }
}
