/**
 * What an open document is made of: a provider's options, and the provider itself.
 *
 * @module
 */
import type { Awareness } from 'y-protocols/awareness'
import type { Emit } from './provider-events.ts'
import type { SealedProviderOptions } from './provider-options.ts'

export interface OpenDocumentOptions extends SealedProviderOptions {
  readonly awareness: Awareness
  readonly emit: Emit
  /** Origin of what is applied to the document and the awareness. */
  readonly origin: unknown
  /** Origin of others' edits where it is known only later; defaults to `origin`. */
  readonly editOrigin?: () => unknown
}
