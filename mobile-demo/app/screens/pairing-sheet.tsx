/**
 * Offering to another device to become one of this person's.
 *
 * @module
 */
import type { PairingOffer, PairingRequest, SealedDocuments } from '@y-sealed/client'
import { useEffect, useState, type ReactElement } from 'react'

import { appAddress } from '../device/address.ts'
import { explain } from '../parts/explain.ts'
import { QrCode } from '../parts/qr-code.tsx'
import { Sheet } from '../parts/sheet.tsx'
import { useAttempt } from '../parts/use-attempt.ts'

interface PairingSheetProps {
  readonly documents: SealedDocuments
  readonly by: 'qr' | 'code'
  readonly onClose: () => void
}

export function PairingSheet({ documents, by, onClose }: PairingSheetProps): ReactElement {
  const [offer, setOffer] = useState<PairingOffer | null>(null)
  const [request, setRequest] = useState<PairingRequest | null>(null)
  const [trouble, setTrouble] = useState<string | null>(null)
  const { isBusy, failure, run } = useAttempt()
  useEffect(() => {
    let isOver = false
    let made: PairingOffer | null = null
    const offerOnce = async (): Promise<void> => {
      made = await documents.pairDevice({ by, app: appAddress() })
      if (isOver) return await made.close()
      setOffer(made)
      setRequest(await made.request)
    }
    offerOnce().catch((error: unknown) => {
      if (!isOver) setTrouble(explain(error))
    })
    return () => {
      isOver = true
      void made?.close()
    }
  }, [documents, by])
  return (
    <Sheet title="Add a device" onClose={onClose}>
      {(trouble ?? failure) !== null && <p role="alert">{trouble ?? failure}</p>}
      {offer === null && trouble === null && <p className="quiet">Preparing… This takes a connection to the relay.</p>}
      {offer !== null && request === null && (
        <>
          {by === 'qr' ? (
            <>
              <QrCode text={offer.text} label="Pairing code as a QR code" />
              <p>Scan this with the other device’s camera. Show it to nobody else.</p>
            </>
          ) : (
            <>
              <p>Type this on the other device, under “I have notes on another device”. Show it to nobody else.</p>
              <p className="digits" aria-label="Pairing code">
                {offer.text}
              </p>
            </>
          )}
          <p className="quiet" role="status">
            Waiting for the other device. Then you are asked whether it is yours.
          </p>
        </>
      )}
      {request !== null && (
        <div className="stack">
          <p>
            {request.name ?? 'A device'} asks to become one of yours, with all your notes.
            {request.digits !== null && (
              <>
                {' '}
                Both must show the same:{' '}
                <strong className="digits" aria-label="Digits">
                  {request.digits}
                </strong>
              </>
            )}
          </p>
          <button
            type="button"
            className="primary"
            disabled={isBusy}
            onClick={() =>
              run(async () => {
                await request.confirm()
                onClose()
              })
            }
          >
            {isBusy ? 'Letting it in…' : 'It is mine'}
          </button>
          <button type="button" disabled={isBusy} onClick={() => run(async () => await request.reject().then(onClose))}>
            It is not
          </button>
        </div>
      )}
    </Sheet>
  )
}
