/**
 * This person and this device: name, colour, relay, other devices, recovery key, and forgetting it all.
 *
 * @module
 */
import type { OwnDevice } from '@y-sealed/client'
import { useEffect, useState, useSyncExternalStore, type ReactElement } from 'react'

import type { Place } from '../place.ts'
import { wipeDevice, type Device } from '../device/open-device.ts'
import { COLOUR_NAMES, COLOURS, type Profile } from '../device/profile.ts'
import { demandMaySpeakTo } from '../device/may-speak-to.ts'
import { formTexts } from '../parts/form-texts.ts'
import { Icon } from '../parts/icon.tsx'
import { IconButton } from '../parts/icon-button.tsx'
import { Sheet } from '../parts/sheet.tsx'
import { useSnackbar } from '../parts/snackbar.tsx'
import { useAttempt } from '../parts/use-attempt.ts'
import { PairingSheet } from './pairing-sheet.tsx'
import { RecoveryMaker } from './recovery-maker.tsx'
import { ScanSheet } from './scan-sheet.tsx'

interface SettingsScreenProps {
  readonly device: Device
  readonly change: (profile: Profile) => Promise<Device>
  readonly go: (place: Place) => void
  readonly back: () => void
}

type Task = 'offer-qr' | 'offer-code' | 'scan' | 'wipe'

export function SettingsScreen({ device, change, go, back }: SettingsScreenProps): ReactElement {
  const [task, setTask] = useState<Task | null>(null)
  const close = (): void => setTask(null)
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
        <div className="group">
          <button type="button" onClick={() => setTask('offer-qr')}>
            <Icon name="device" /> Add a device by QR code
          </button>
          <button type="button" onClick={() => setTask('offer-code')}>
            <Icon name="keyboard" /> Add a device by a code to type
          </button>
          <button type="button" onClick={() => go({ at: 'pair' })}>
            <Icon name="add" /> Make this one of my devices
          </button>
          <button type="button" onClick={() => setTask('scan')}>
            <Icon name="camera" /> Scan a QR code
          </button>
        </div>
        <p className="quiet small">
          Your devices share all your notes. A scanned code may also be an invite to a note.
        </p>
      </section>
      <section>
        <h2>Kept on this device</h2>
        <Keeping device={device} />
        <RecoveryMaker device={device} />
      </section>
      <section>
        <h2>Forget everything</h2>
        <div className="group">
          <button type="button" className="danger" onClick={() => setTask('wipe')}>
            <Icon name="trash" /> Wipe this device
          </button>
        </div>
      </section>
      {(task === 'offer-qr' || task === 'offer-code') && (
        <PairingSheet documents={device.documents} by={task === 'offer-qr' ? 'qr' : 'code'} onClose={close} />
      )}
      {task === 'scan' && <ScanSheet onClose={close} onText={(link) => go({ at: 'join', link })} />}
      {task === 'wipe' && <WipeSheet device={device} onClose={close} />}
    </main>
  )
}

function WipeSheet({ device, onClose }: { readonly device: Device; readonly onClose: () => void }): ReactElement {
  const { isBusy, failure, run } = useAttempt()
  return (
    <Sheet title="Wipe this device?" onClose={onClose}>
      <p>
        Keys and notes go from this browser. Notes that only this device has are lost for good; others open again on
        your other devices, or by a recovery key.
      </p>
      {failure !== null && <p role="alert">{failure}</p>}
      <button
        type="button"
        className="primary danger"
        disabled={isBusy}
        onClick={() => run(async () => await wipeDevice(device))}
      >
        {isBusy ? 'Wiping…' : 'Wipe it'}
      </button>
      <button type="button" onClick={onClose}>
        Keep everything
      </button>
    </Sheet>
  )
}

interface ProfileFormProps {
  readonly profile: Profile
  readonly change: (profile: Profile) => Promise<Device>
}

function ProfileForm({ profile, change }: ProfileFormProps): ReactElement {
  const [colour, setColour] = useState(profile.colour)
  const { isBusy, failure, run } = useAttempt()
  const show = useSnackbar()
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        const [name, relay] = formTexts(event.currentTarget, 'name', 'relay')
        run(async () => {
          if (relay !== '' && relay !== profile.relay) await demandMaySpeakTo(relay)
          await change({ name, colour, relay })
          show({ text: 'Saved' })
        })
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
              <span className="out-of-sight">{COLOUR_NAMES[each]}</span>
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
  const [leaving, setLeaving] = useState<OwnDevice | null>(null)
  useEffect(() => {
    documents.on('devices', setDevices)
    return () => documents.off('devices', setDevices)
  }, [documents])
  return (
    <>
      <ul className="rows boxed">
        {devices.map((each) => (
          <li key={each.id}>
            <Icon name="device" />
            <span className="grow">
              {each.name ?? 'Without a name'}
              {each.isThis && ' (this one)'}
            </span>
            {!each.isThis && (
              <button type="button" className="danger" onClick={() => setLeaving(each)}>
                Remove
              </button>
            )}
          </li>
        ))}
      </ul>
      {leaving !== null && (
        <DeviceRemovalSheet documents={documents} leaving={leaving} onClose={() => setLeaving(null)} />
      )}
    </>
  )
}

interface DeviceRemovalSheetProps {
  readonly documents: Device['documents']
  readonly leaving: OwnDevice
  readonly onClose: () => void
}

function DeviceRemovalSheet({ documents, leaving, onClose }: DeviceRemovalSheetProps): ReactElement {
  const { isBusy, failure, run } = useAttempt()
  const remove = (): void =>
    run(async () => {
      await documents.removeDevice(leaving.id)
      onClose()
    })
  return (
    <Sheet title={`Remove ${leaving.name ?? 'this device'}?`} onClose={onClose}>
      <p>
        It keeps what it has read, and reads nothing that is written in your notes from then on: do this when it is
        lost, or no longer yours.
      </p>
      {failure !== null && <p role="alert">{failure}</p>}
      <button type="button" className="primary danger" disabled={isBusy} onClick={remove}>
        {isBusy ? 'Removing…' : 'Remove this device'}
      </button>
      <button type="button" onClick={onClose}>
        Keep
      </button>
    </Sheet>
  )
}

function Keeping({ device }: { readonly device: Device }): ReactElement {
  const { keeping } = device
  const state = useSyncExternalStore(keeping.subscribe, keeping.read)
  return (
    <>
      <p>{KEEPING[state]}</p>
      {state === 'evictable' && (
        <button type="button" onClick={() => void keeping.ask()}>
          Ask it to keep them
        </button>
      )}
    </>
  )
}

const KEEPING = {
  kept: 'Notes and keys are kept on this device, sealed. The browser does not clear them when room is short.',
  evictable: 'Notes and keys are kept on this device, sealed. The browser may clear them when room is short.',
  off: 'This browser keeps nothing: notes are gone with this page.',
} as const
