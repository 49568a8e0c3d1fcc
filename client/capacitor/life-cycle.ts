/**
 * What a native shell knows of itself and its network, told to the documents: a web view is not told all of it. Rule CL21.
 *
 * @module
 */

/** What is told: `SealedDocuments` or a `RelayConnection`. */
export interface Wakeable {
  hide(): void
  show(): void
}

interface Handle {
  remove(): Promise<void>
}

/** What is used of `App` of `@capacitor/app`. */
export interface AppPlugin {
  addListener(event: 'appStateChange', listener: (state: { readonly isActive: boolean }) => void): Promise<Handle>
  addListener(event: 'pause' | 'resume', listener: () => void): Promise<Handle>
}

/** What is used of `Network` of `@capacitor/network`. */
export interface NetworkPlugin {
  addListener(
    event: 'networkStatusChange',
    listener: (status: { readonly connected: boolean }) => void,
  ): Promise<Handle>
}

export interface NativeLifeCycleOptions {
  readonly app: AppPlugin
  readonly network: NetworkPlugin
  /** Asked at each event: an app may open its documents anew. `null` while there are none. */
  readonly documents: () => Wakeable | null
}

/**
 * Follows the shell until what it resolves to is called. An inactive app (a call comes in, a sheet of the system lies over it) may never be told more:
 * it hides at once, and what is unsent leaves; it costs nothing where it comes back.
 */
export async function followNativeLifeCycle({
  app,
  network,
  documents,
}: NativeLifeCycleOptions): Promise<() => Promise<void>> {
  const show = (): void => documents()?.show()
  const hide = (): void => documents()?.hide()
  let isActive = true
  const handles = [
    await app.addListener('appStateChange', (state) => {
      isActive = state.isActive
      if (isActive) show()
      else hide()
    }),
    await app.addListener('pause', hide),
    await app.addListener('resume', show),
    // Another network: sockets of the one before are dead, and do not know it. Out of view nothing is dialled.
    await network.addListener('networkStatusChange', ({ connected }) => {
      if (connected && isActive) show()
    }),
  ]
  return async () => {
    for (const handle of handles) await handle.remove()
  }
}
