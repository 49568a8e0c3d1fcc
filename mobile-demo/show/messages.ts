/**
 * What the page that shows several phones and a phone in it say to each other: by `postMessage`, within one origin, and never by the network.
 *
 * @module
 */

/** From the page to a phone. */
export type Command =
  | { readonly kind: 'write'; readonly title: string }
  /** Make a link to the open note, for somebody to write there. */
  | { readonly kind: 'invite'; readonly guest: string }
  | { readonly kind: 'open'; readonly link: string }
  /** Type at the end of the open note, as a person would. */
  | { readonly kind: 'type'; readonly text: string }
  | { readonly kind: 'airplane'; readonly isOn: boolean }
  /** Whoever waits to dial again need not wait longer. */
  | { readonly kind: 'redial' }
  /** Remove a member from the open note, by the name that they gave. */
  | { readonly kind: 'remove'; readonly name: string }

/** From a phone to the page. */
export type Report =
  | { readonly kind: 'ready' }
  | { readonly kind: 'invited'; readonly guest: string; readonly link: string }
  | { readonly kind: 'typed' }
  /** The open note: its text, and what a server that holds documents in clear would hold of it. */
  | { readonly kind: 'note'; readonly id: string; readonly text: string; readonly plain: Uint8Array }
  /** How the open note stands: the state's name, and what the phone calls it. */
  | { readonly kind: 'status'; readonly id: string; readonly state: string; readonly text: string }
  | { readonly kind: 'failed'; readonly reason: string }

interface Posted<T> {
  readonly stage: 'y-sealed'
  readonly message: T
}

/** To a window of this origin alone. */
export function post(to: Window, message: Command | Report): void {
  const posted: Posted<Command | Report> = { stage: 'y-sealed', message }
  to.postMessage(posted, location.origin)
}

/** In a phone. Returns what ends it. */
export function listenToPage(hear: (command: Command) => void): () => void {
  return listen(
    () => window.parent,
    (message) => hear(message as Command),
  )
}

/** On the page: to the phone in a frame. */
export function listenToPhone(frame: HTMLIFrameElement, hear: (report: Report) => void): void {
  listen(
    () => frame.contentWindow,
    (message) => hear(message as Report),
  )
}

/** Both ends are of one build and one origin, so that the shape is theirs; what anybody else posts is left alone. */
function listen(from: () => Window | null, hear: (message: unknown) => void): () => void {
  const onMessage = ({ origin, source, data }: MessageEvent<unknown>): void => {
    if (origin !== location.origin || source === null || source !== from()) return
    const posted = data as Partial<Posted<unknown>> | null
    if (posted?.stage === 'y-sealed') hear(posted.message)
  }
  window.addEventListener('message', onMessage)
  return () => window.removeEventListener('message', onMessage)
}
