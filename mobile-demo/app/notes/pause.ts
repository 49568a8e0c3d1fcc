/**
 * Waiting no longer than somebody would who looks on: nobody waits for a relay for ever.
 *
 * @module
 */

/** Resolves after so long. */
export async function pause(delayMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, delayMs))
}
