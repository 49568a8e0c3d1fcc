/**
 * Whether the app is in view, and when its network may be back: the platform's hints, none of which is trusted to be sent. Rule CL21.
 *
 * @module
 */

/** What is done about it. */
export interface LifeCycleListener {
  readonly onHidden: () => void
  /** In view again, or the network may have changed: what was there before may be dead. */
  readonly onWake: () => void
}

interface EventTarget {
  addEventListener?(type: string, listener: (event: unknown) => void): void
  removeEventListener?(type: string, listener: (event: unknown) => void): void
}

interface Page extends EventTarget {
  readonly visibilityState?: string
}

/** Of the window, or a worker. A page that comes back out of the browser's cache tells `pageshow` alone. */
const WAKE_EVENTS = ['online', 'offline', 'pageshow'] as const

/** Listens until it is called back. Where there is no page, as under Node, nothing is ever told; a page that is hidden already is told at once. */
export function watchLifeCycle({ onHidden, onWake }: LifeCycleListener): () => void {
  const target = globalThis as EventTarget & { readonly document?: Page }
  const page = target.document
  const onVisibility = (): void => {
    if (page?.visibilityState === 'hidden') onHidden()
    else onWake()
  }
  for (const type of WAKE_EVENTS) target.addEventListener?.(type, onWake)
  target.addEventListener?.('pagehide', onHidden)
  page?.addEventListener?.('visibilitychange', onVisibility)
  // Of a page that the browser had frozen.
  page?.addEventListener?.('resume', onVisibility)
  if (page?.visibilityState === 'hidden') onHidden()
  return () => {
    for (const type of WAKE_EVENTS) target.removeEventListener?.(type, onWake)
    target.removeEventListener?.('pagehide', onHidden)
    page?.removeEventListener?.('visibilitychange', onVisibility)
    page?.removeEventListener?.('resume', onVisibility)
  }
}
