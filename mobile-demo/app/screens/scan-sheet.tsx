/**
 * Reading a QR code with this device's camera.
 *
 * @module
 */
import { useEffect, useRef, useState, type ReactElement } from 'react'

import { Sheet } from '../parts/sheet.tsx'

interface ScanSheetProps {
  readonly onText: (text: string) => void
  readonly onClose: () => void
}

export function ScanSheet({ onText, onClose }: ScanSheetProps): ReactElement {
  const player = useRef<HTMLVideoElement>(null)
  const [trouble, setTrouble] = useState<string | null>(null)
  useEffect(() => {
    const video = player.current
    if (video === null) return undefined
    let end = (): void => undefined
    let isOver = false
    const start = async (): Promise<void> => {
      // A decoder that only this screen needs.
      const { frameLoop, QRCanvas, rearCamera } = await import('qr/dom.js')
      const camera = await rearCamera(video)
      const canvas = new QRCanvas()
      const read = async (): Promise<void> => {
        const text = await camera.readFrame(canvas)
        if (typeof text === 'string' && !isOver) onText(text)
      }
      const stopLoop = frameLoop(() => void read(), video)
      end = () => {
        stopLoop()
        camera.stop()
      }
      if (isOver) end()
    }
    start().catch(() =>
      setTrouble('The camera is not to be had. Use your phone’s own camera app, or open the link itself.'),
    )
    return () => {
      isOver = true
      end()
    }
  }, [onText])
  return (
    <Sheet title="Scan a QR code" onClose={onClose}>
      <p className="quiet">
        An invite code opens the note it was made for; a pairing code from the settings of another device makes this one
        yours, too. The picture stays on this device.
      </p>
      {trouble === null ? <video ref={player} className="camera" playsInline muted /> : <p role="alert">{trouble}</p>}
    </Sheet>
  )
}
