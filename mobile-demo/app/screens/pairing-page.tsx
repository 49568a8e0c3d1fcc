/**
 * Making this device one of a person's who has another: answered here, confirmed there.
 *
 * @module
 */
import type { PairingAnswer } from '@y-sealed/client'
import { useState, type ReactElement } from 'react'

import type { Device } from '../device/open-device.ts'
import type { Profile } from '../device/profile.ts'
import { formTexts } from '../parts/form-texts.ts'
import { Icon } from '../parts/icon.tsx'
import { useAttempt } from '../parts/use-attempt.ts'

interface PairingPageProps {
  readonly device: Device
  /** A QR code's text; '' where a code is to be typed. */
  readonly text: string
  readonly change: (profile: Profile) => Promise<Device>
  readonly back: () => void
}

export function PairingPage({ device, text, change, back }: PairingPageProps): ReactElement {
  const [answer, setAnswer] = useState<PairingAnswer | null>(null)
  const [isDone, setDone] = useState(false)
  const { isBusy, failure, run } = useAttempt()
  const confirm = async (agreed: PairingAnswer): Promise<void> => {
    await agreed.confirm()
    setDone(true)
  }
  const ask = (name: string, code: string): void =>
    run(async () => {
      const { profile } = device
      const own = name === '' ? device : await change({ ...profile, name })
      const given = await own.documents.acceptPairing(text === '' ? code : text)
      // What is to be compared or thought over is shown first.
      if (given.digits === null && given.brings === 0) await confirm(given)
      else setAnswer(given)
    })
  return (
    <main className="screen centre pairing">
      <span className="emblem">
        <Icon name={isDone ? 'tick' : 'device'} />
      </span>
      <h1>{isDone ? 'All set' : 'Add this device'}</h1>
      {failure !== null && <p role="alert">{failure}</p>}
      {isDone && <p>This device has your notes now. They arrive as your other device lets it in.</p>}
      {!isDone && answer !== null && (
        <>
          {answer.digits !== null && (
            <p>
              Both devices must show the same:{' '}
              <strong className="digits" aria-label="Digits">
                {answer.digits}
              </strong>
            </p>
          )}
          {answer.brings > 0 && (
            <p>
              Your other devices get {answer.brings === 1 ? 'the one note' : `the ${answer.brings} notes`} of this one,
              too.
            </p>
          )}
          <button
            type="button"
            className="primary"
            disabled={isBusy}
            onClick={() => run(async () => await confirm(answer))}
          >
            {isBusy ? 'Waiting for the other device…' : 'It is my other device'}
          </button>
        </>
      )}
      {!isDone && answer === null && (
        <PairingForm isNamed={device.profile.name !== ''} isTyped={text === ''} isBusy={isBusy} onSubmit={ask} />
      )}
      <button type="button" className={isDone ? 'primary' : ''} onClick={back}>
        My notes
      </button>
    </main>
  )
}

interface PairingFormProps {
  readonly isNamed: boolean
  readonly isTyped: boolean
  readonly isBusy: boolean
  readonly onSubmit: (name: string, code: string) => void
}

function PairingForm({ isNamed, isTyped, isBusy, onSubmit }: PairingFormProps): ReactElement {
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        const [name, code] = formTexts(event.currentTarget, 'name', 'code')
        onSubmit(name, code)
      }}
    >
      {!isNamed && (
        <label>
          Your name, for the members of your notes
          <input name="name" required maxLength={20} autoComplete="given-name" />
        </label>
      )}
      {isTyped && (
        <label>
          The code that your other device shows
          <input name="code" required autoCapitalize="characters" autoComplete="off" spellCheck={false} />
        </label>
      )}
      {isTyped && (
        <p className="quiet small">
          There: Settings, then “Add a device by a code to type”. A QR code is scanned by this phone’s camera instead.
        </p>
      )}
      <button type="submit" className="primary" disabled={isBusy}>
        {isBusy ? 'Waiting for the other device…' : 'Connect with my other device'}
      </button>
    </form>
  )
}
