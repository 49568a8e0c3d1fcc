/**
 * Names in a directory that survive a power cut.
 *
 * @module
 */
import { open } from 'node:fs/promises'

/** Resolves when files that were made, moved or removed in `directory` are so on the disk too. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
