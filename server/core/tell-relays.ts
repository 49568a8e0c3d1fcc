/**
 * A word about a document to the other relays, where there are any. Rule BU1.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'

import type { Context } from './context.ts'

/** `message` is made only where somebody may hear it. */
export function tellRelays({ bus }: Pick<Context, 'bus'>, document: Bytes, message: () => Bytes): void {
  if (bus.isAlone !== true) bus.publish(document, message())
}
