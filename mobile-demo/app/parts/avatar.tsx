/**
 * A person as a circle with a letter.
 *
 * @module
 */
import type { ReactElement } from 'react'

interface AvatarProps {
  readonly name: string
  /** `#rrggbb`; anything else is grey: others may write what they like there. */
  readonly colour: unknown
}

export function Avatar({ name, colour }: AvatarProps): ReactElement {
  const isColour = typeof colour === 'string' && /^#[0-9a-f]{6}$/i.test(colour)
  const letter = [...name.trim()][0]?.toUpperCase() ?? '?'
  return (
    <span
      className="avatar"
      title={name}
      role="img"
      aria-label={name}
      ref={(element) => element?.style.setProperty('--colour', isColour ? colour : '#5f6368')}
    >
      {letter}
    </span>
  )
}
