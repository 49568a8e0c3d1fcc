/**
 * A QR code, drawn as one path.
 *
 * @module
 */
import { useMemo, type ReactElement } from 'react'
import { encode } from 'uqr'

/** Modules of light around it, which cameras look for. */
const QUIET = 3

export function QrCode({ text, label }: { readonly text: string; readonly label: string }): ReactElement {
  const { path, size } = useMemo(() => {
    const { data, size: modules } = encode(text, { ecc: 'L', border: 0 })
    const squares = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])))
    return { path: squares.join(''), size: modules }
  }, [text])
  return (
    <svg
      className="qr"
      role="img"
      aria-label={label}
      viewBox={`${-QUIET} ${-QUIET} ${size + 2 * QUIET} ${size + 2 * QUIET}`}
      shapeRendering="crispEdges"
    >
      <path d={path} />
    </svg>
  )
}
