/**
 * This person and this device: name, colour, relay, other devices, recovery key, and forgetting it all.
 *
 * @module
 */
import { persistStorage, type OwnDevice, type Recovery, type StorageStanding } from '@y-sealed/client'
import { useEffect, useState, type ReactElement } from 'react'

import type { Place } from '../place.ts'
import { wipeDevice, type Device } from '../device/open-device.ts'
import { COLOURS, type Profile } from '../device/profile.ts'
import { saveFile } from '../device/save-file.ts'
import { Icon } from '../parts/icon.tsx'
import { IconButton } from '../parts/icon-button.tsx'
import { Sheet } from '../parts/sheet.tsx'
import { useAttempt } from '../parts/use-attempt.ts'
import { PairingPage } from './pairing-page.tsx'
import { PairingSheet } from './pairing-sheet.tsx'
import { ScanSheet } from './scan-sheet.tsx'

interface SettingsScreenProps {
  readonly device: Device
  readonly change: (profile: Profile) => Promise<Device>
  readonly go: (place: Place) => void
  readonly back: () => void
}

type Task = 'offer-qr' | 'offer-code' | 'answer' | 'scan' | 'wipe'

export function SettingsScreen({ device, change, go, back }: SettingsScreenProps): ReactElement {
  const [task, setTask] = useState<Task | null>(null)
  const close = (): void => setTask(null)
  if (task === 'answer') return <PairingPage device={device} text="" back={close} />
  return (
    <main className="screen settings">
      <header className="note-head">
        <IconButton icon="back" label="All notes" onPress={back} />
        <h1>Settings</h1>
      </header>
      <ProfileForm profile={device.profile} change={change} />
      <section>
        <h2>Devices</h2>
        <Devices device={device} />
        <div className="buttons">
          <button type="button" onClick={() => setTask('offer-qr')}>
            <Icon name="device" /> Add a device by QR code
          </button>
          <button type="button" onClick={() => setTask('offer-code')}>
            … by a code to type
          </button>
          <button type="button" onClick={() => setTask('answer')}>
            Make this one of my devices
          </button>
          <button type="button" onClick={() => setTask('scan')}>
            <Icon name="camera" /> Scan a QR code
          </button>
        </div>
        <p className="quiet">
          Scan the code that another of your devices shows, or an invite to a note. Your devices share all your notes.
        </p>
      </section>
      <section>
        <h2>Kept on this device</h2>
        <Keeping />
        <RecoveryMaker device={device} />
      </section>
      <section>
        <h2>Forget everything</h2>
        <button type="button" className="danger" onClick={() => setTask('wipe')}>
          Wipe this device
        </button>
      </section>
      {(task === 'offer-qr' || task === 'offer-code') && (
        <PairingSheet documents={device.documents} by={task === 'offer-qr' ? 'qr' : 'code'} onClose={close} />
      )}
      {task === 'scan' && <ScanSheet onClose={close} onText={(link) => go({ at: 'join', link })} />}
      {task === 'wipe' && (
        <Sheet title="Wipe this device?" onClose={close}>
          <p>
            Keys and notes go from this browser. Notes that only this device has are lost for good; others open again on
            your other devices, or by a recovery key.
          </p>
          <button type="button" className="danger" onClick={() => void wipeDevice(device)}>
            Wipe it
          </button>
        </Sheet>
      )}
    </main>
  )
}

interface ProfileFormProps {
  readonly profile: Profile
  readonly change: (profile: Profile) => Promise<Device>
}

function ProfileForm({ profile, change }: ProfileFormProps): ReactElement {
  const [colour, setColour] = useState(profile.colour)
  const { isBusy, failure, run } = useAttempt()
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        const data = new FormData(event.currentTarget)
        const [name, relay] = [data.get('name'), data.get('relay')].map((given) =>
          typeof given === 'string' ? given.trim() : '',
        ) as [string, string]
        run(async () => void (await change({ name, colour, relay })))
      }}
    >
      <label>
        Your name, for the members of your notes
        <input name="name" defaultValue={profile.name} maxLength={20} autoComplete="given-name" />
      </label>
      <fieldset className="colours">
        <legend>Your colour</legend>
        {COLOURS.map((each) => (
          <label key={each}>
            <input type="radio" name="colour" checked={each === colour} onChange={() => setColour(each)} />
            <span ref={(element) => element?.style.setProperty('--colour', each)}>
              <span className="out-of-sight">{each}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <label>
        Relay
        <input
          name="relay"
          type="url"
          placeholder={`wss://${location.host}`}
          pattern="wss://.*"
          title="an address that begins with wss://"
          defaultValue={profile.relay}
        />
      </label>
      {failure !== null && <p role="alert">{failure}</p>}
      <button type="submit" disabled={isBusy}>
        Save
      </button>
    </form>
  )
}

function Devices({ device }: { readonly device: Device }): ReactElement {
  const { documents } = device
  const [devices, setDevices] = useState<readonly OwnDevice[]>(() => documents.devices())
  const { isBusy, failure, run } = useAttempt()
  useEffect(() => {
    documents.on('devices', setDevices)
    return () => documents.off('devices', setDevices)
  }, [documents])
  return (
    <>
      {failure !== null && <p role="alert">{failure}</p>}
      <ul className="rows">
        {devices.map(({ id, name, isThis }) => (
          <li key={id}>
            <Icon name="device" />
            <span className="grow">
              {name ?? 'Without a name'}
              {isThis && ' (this one)'}
            </span>
            {!isThis && (
              <button
                type="button"
                className="danger"
                disabled={isBusy}
                onClick={() => run(async () => void (await documents.removeDevice(id)))}
              >
                Remove
              </button>
            )}
          </li>
        ))}
      </ul>
    </>
  )
}

function Keeping(): ReactElement {
  const [standing, setStanding] = useState<StorageStanding | null>(null)
  const ask = async (): Promise<void> => setStanding(await persistStorage())
  return (
    <p>
      {standing?.persisted === true
        ? 'The browser does not clear it when room is short.'
        : 'The browser may clear it when room is short.'}{' '}
      {standing?.persisted !== true && (
        <button type="button" onClick={() => void ask()}>
          Ask it to keep them
        </button>
      )}
    </p>
  )
}

function RecoveryMaker({ device }: { readonly device: Device }): ReactElement {
  const [recovery, setRecovery] = useState<Recovery | null>(null)
  const { isBusy, failure, run } = useAttempt()
  if (recovery !== null) {
    return (
      <div className="stack">
        <p>Write the key down, and keep the file elsewhere: together they are this device.</p>
        <p className="digits">{recovery.key}</p>
        <button type="button" onClick={() => saveFile('sealed-notes.recovery', recovery.file)}>
          <Icon name="download" /> Save the file
        </button>
      </div>
    )
  }
  return (
    <>
      {failure !== null && <p role="alert">{failure}</p>}
      <button
        type="button"
        disabled={isBusy}
        onClick={() => run(async () => setRecovery(await device.documents.exportRecovery()))}
      >
        Make a recovery key
      </button>
    </>
  )
}
