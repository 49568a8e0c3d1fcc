/**
 * Whether the browser may throw away what an app keeps, and how much room there is.
 *
 * @module
 */

/** For the app's own words to people. */
export interface StorageStanding {
  /** The browser will not evict it on its own when room is short. */
  readonly persisted: boolean
  /** Bytes in use by this origin, about; `null` where the browser does not say. */
  readonly usage: number | null
  /** Bytes that this origin may use, about; `null` where the browser does not say. */
  readonly quota: number | null
}

/** As it stands; nobody is asked for anything. Never throws; what the browser does not offer reads as not persisted. */
export async function readStorageStanding(
  storage: Partial<StorageManager> | undefined = globalThis.navigator?.storage,
): Promise<StorageStanding> {
  const [persisted, estimate] = await Promise.all([
    settle(async () => storage?.persisted?.()),
    settle(async () => storage?.estimate?.()),
  ])
  return { persisted: persisted ?? false, usage: estimate?.usage ?? null, quota: estimate?.quota ?? null }
}

/**
 * Asks the browser not to evict this origin's storage, unless it has promised that already. Some answer by asking the person: call it after
 * something worth keeping was made. Never throws; what the browser does not offer reads as not persisted.
 */
export async function persistStorage(
  storage: Partial<StorageManager> | undefined = globalThis.navigator?.storage,
): Promise<StorageStanding> {
  const standing = await readStorageStanding(storage)
  if (standing.persisted) return standing
  const persisted = await settle(async () => storage?.persist?.())
  return { ...standing, persisted: persisted ?? false }
}

async function settle<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask()
  } catch {
    return null
  }
}
