/**
 * Making this device one of a person's who has another: answered here, confirmed there.
 *
 * @module
 */
import type { PairingAnswer } from '@y-sealed/client'
import { useState, type ReactElement } from 'react'

import type { Device } from '../device/open-device.ts'
import { useAttempt } from '../parts/use-attempt.ts'

interface PairingPageProps {
  readonly device: Device
  /** A QR code's text; '' where a code is to be typed. */
  readonly text: string
  readonly back: () => void
}

export function PairingPage({ device, text, back }: PairingPageProps): ReactElement {
  const [typed, setTyped] = useState('')
  const [answer, setAnswer] = useState<PairingAnswer | null>(null)
  const [isDone, setDone] = useState(false)
  const { isBusy, failure, run } = useAttempt()
  const ask = (given: string): void => run(async () => setAnswer(await device.documents.acceptPairing(given)))
  const confirm = (agreed: PairingAnswer): void =>
    run(async () => {
      await agreed.confirm()
      setDone(true)
    })
  return (
    <main className="screen centre">
      <h1>Add this device</h1>
      {failure !== null && <p role="alert">{failure}</p>}
      {isDone && <p>This device has your notes now. They arrive as your other device lets it in.</p>}
      {!isDone && answer !== null && (
        <div className="stack">
          {answer.digits !== null && (
            <p>
              Both devices must show the same: <strong className="digits">{answer.digits}</strong>
            </p>
          )}
          {answer.brings > 0 && <p>Your other devices get the {answer.brings} notes of this one, too.</p>}
          <button type="button" className="primary" disabled={isBusy} onClick={() => confirm(answer)}>
            {isBusy ? 'Waiting for the other device…' : 'It is my other device'}
          </button>
        </div>
      )}
      {!isDone && answer === null && text !== '' && (
        <button type="button" className="primary" disabled={isBusy} onClick={() => ask(text)}>
          {isBusy ? 'Asking…' : 'Connect with my other device'}
        </button>
      )}
      {!isDone && answer === null && text === '' && (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault()
            ask(typed.trim())
          }}
        >
          <label>
            The code that your other device shows
            <input
              value={typed}
              autoCapitalize="characters"
              autoComplete="off"
              spellCheck={false}
              onChange={(event) => setTyped(event.target.value)}
            />
          </label>
          <button type="submit" className="primary" disabled={isBusy || typed.trim() === ''}>
            {isBusy ? 'Asking…' : 'Connect'}
          </button>
        </form>
      )}
      <button type="button" onClick={back}>
        My notes
      </button>
    </main>
  )
}
