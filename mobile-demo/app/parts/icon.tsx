/**
 * The app's icons, as paths on a 24 pixel grid.
 *
 * @module
 */
import type { ReactElement } from 'react'

const PATHS = {
  back: 'M15 5l-7 7 7 7',
  add: 'M12 5v14M5 12h14',
  close: 'M6 6l12 12M18 6L6 18',
  share: 'M12 15V4M8 8l4-4 4 4M5 12v7h14v-7',
  people:
    'M9 11a3.5 3.5 0 100-7 3.5 3.5 0 000 7zM3 20c0-3.3 2.7-5.5 6-5.5s6 2.2 6 5.5M16 4.5a3.5 3.5 0 010 6.5M17.5 14.8c2.1.7 3.5 2.6 3.5 5.2',
  lock: 'M7 11V8a5 5 0 0110 0v3M6 11h12v9H6z',
  search: 'M11 18a7 7 0 100-14 7 7 0 000 14zM16 16l4.5 4.5',
  settings:
    'M4 7h10M18 7h2M4 17h2M10 17h10M16 9.5a2.5 2.5 0 100-5 2.5 2.5 0 000 5zM8 19.500a2.5 2.5 0 100-5 2.5 2.5 0 000 5z',
  more: 'M5 12m-.7 0a.7.7 0 101.4 0a.7.7 0 10-1.4 0M12 12m-.7 0a.7.7 0 101.4 0a.7.7 0 10-1.4 0M19 12m-.7 0a.7.7 0 101.4 0a.7.7 0 10-1.4 0',
  tick: 'M5 12.5l4.500 4.500L19 7.500',
  cloud: 'M7 18a4.500 4.500 0 01-.3-9A6 6 0 0118 10.200 4 4 0 0117.500 18zM12 15V11M10 13l2-2 2 2',
  offline: 'M4 4l16 16M7 18a4.500 4.500 0 01-.3-9M10 5.800A6 6 0 0118 10.200 4 4 0 0120.500 16',
  alert: 'M12 4l9 16H3zM12 10v4M12 17.200v.01',
  eye: 'M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 15a3 3 0 100-6 3 3 0 000 6z',
  bold: 'M7 5h6a3.500 3.500 0 010 7H7zM7 12h7a3.500 3.500 0 010 7H7z',
  italic: 'M10 5h8M6 19h8M14 5l-4 14',
  heading: 'M6 5v14M18 5v14M6 12h12',
  check: 'M4 5h16v14H4zM8 12l3 3 5-6',
  bullets: 'M9 6h11M9 12h11M9 18h11M4.500 6h.01M4.500 12h.01M4.500 18h.01',
  undo: 'M8 5L4 9l4 4M4 9h10a5.500 5.500 0 010 11h-4',
  redo: 'M16 5l4 4-4 4M20 9H10a5.500 5.500 0 000 11h4',
  keyboard: 'M3 6h18v9H3zM7 9h.01M11 9h.01M15 9h.01M8 12h8M10 18l2 2 2-2',
  history: 'M4 12a8 8 0 108-8 8 8 0 00-6.500 3.300M4 4v4h4M12 8v4l3 2',
  device: 'M7 3h10v18H7zM11 18h2',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  download: 'M12 4v11M8 11l4 4 4-4M5 20h14',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  key: 'M8 18a4 4 0 100-8 4 4 0 000 8zM11 11l8-7M15.500 7.500l3 3',
  next: 'M9 5l7 7-7 7',
  camera: 'M4 8h4l2-3h4l2 3h4v11H4zM12 16a3 3 0 100-6 3 3 0 000 6z',
} as const

export type IconName = keyof typeof PATHS

/** Beside words, or in a button that says in words what it does. */
export function Icon({ name }: { readonly name: IconName }): ReactElement {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  )
}
