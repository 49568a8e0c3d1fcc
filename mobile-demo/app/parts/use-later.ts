/**
 * Time that passes while something is so.
 *
 * @module
 */
import { useEffect, useState } from 'react'

/** True once `isOn` has been true for `afterMs` without a break, until it is not. */
export function useLater(isOn: boolean, afterMs: number): boolean {
  const [isLater, setLater] = useState(false)
  useEffect(() => {
    if (!isOn) return undefined
    const timer = setTimeout(() => setLater(true), afterMs)
    return () => {
      clearTimeout(timer)
      setLater(false)
    }
  }, [isOn, afterMs])
  return isOn && isLater
}
