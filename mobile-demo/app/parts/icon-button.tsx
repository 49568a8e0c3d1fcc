/**
 * A button that shows an icon and says what it does.
 *
 * @module
 */
import type { ReactElement } from 'react'

import { Icon, type IconName } from './icon.tsx'

interface IconButtonProps {
  readonly icon: IconName
  readonly label: string
  readonly onPress: () => void
  /** For one that is on or off. */
  readonly isOn?: boolean
  readonly isDisabled?: boolean
  /** Leaves the focus, and with it the keyboard, where it is. */
  readonly keepsFocus?: boolean
}

export function IconButton(props: IconButtonProps): ReactElement {
  const { icon, label, onPress, isOn, isDisabled = false, keepsFocus = false } = props
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={label}
      title={label}
      aria-pressed={isOn}
      disabled={isDisabled}
      onPointerDown={keepsFocus ? (event) => event.preventDefault() : undefined}
      onClick={onPress}
    >
      <Icon name={icon} />
    </button>
  )
}
