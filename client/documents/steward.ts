/**
 * Sees to it that every device of a person is let into every document of theirs, and that one that was removed is taken out of every one:
 * whichever device is in a document does so for the others, one document after another, whenever the list or the devices change, until it is
 * done. Rule CL12.
 *
 * @module
 */
import { bytesToBase64url, equalBytes, SyncError, type Bytes } from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import { addOwnDevice } from '../members/intents/let-in.ts'
import { removeLostDevice } from '../members/intents/remove-devices.ts'
import { startTimer, type Cancel } from '../platform.ts'
import { isStranger } from './stranger.ts'
import type { ListedDocument } from './document-list.ts'
import type { PersonalDocument, RemovedDevice } from './personal-document.ts'
import type { SealedDocument } from './sealed-document.ts'

export interface StewardOptions {
  readonly personal: PersonalDocument
  readonly device: Device
  /** Runs with a document that is open at the relay, opened for this alone where the app has not opened it. */
  readonly withDocument: (listed: ListedDocument, work: (document: SealedDocument) => Promise<void>) => Promise<void>
  readonly onError: (error: unknown) => void
}

/** After a document could not be seen to. */
const RETRY_MS = 5_000
/** How a removal is refused for good. */
const REFUSED = new Set(['NOT_OWN_DEVICE', 'FORBIDDEN', 'LAST_ADMIN'])

export class Steward {
  readonly #options: StewardOptions
  readonly #stops: (() => void)[]
  #working: Promise<void> | null = null
  #isAsked = false
  #retry: Cancel | null = null
  /** What this device may not do, as `document/device`; another one may, or this one in its next run. */
  readonly #forbidden = new Set<string>()
  /** Whom this device has let in, as `document/device`: it may be noted that they were taken out, by who was quicker to hear of it. */
  readonly #admitted = new Set<string>()
  /** Documents that failed: they have to wait, and nothing waits for them. */
  readonly #failed = new Set<string>()
  #isOver = false

  constructor(options: StewardOptions) {
    this.#options = options
    const { list, document } = options.personal
    const wake = (): void => this.wake()
    document.on('members', wake)
    document.provider.on('synced', wake)
    this.#stops = [list.observe(wake), () => document.off('members', wake), () => document.provider.off('synced', wake)]
  }

  /** Looks once more, soon. */
  wake(): void {
    this.#isAsked = true
    if (this.#isOver || this.#working !== null) return
    this.#working = this.#work()
      .catch((error: unknown) => this.#options.onError(error))
      .finally(() => {
        this.#working = null
        if (this.#isAsked) this.wake()
      })
  }

  /** Resolves when all that can be done by now is done. */
  async whenIdle(): Promise<void> {
    this.wake()
    while (this.#working !== null) await this.#working
  }

  close(): void {
    this.#isOver = true
    this.#retry?.()
    for (const stop of this.#stops) stop()
  }

  async #work(): Promise<void> {
    this.#isAsked = false
    const { personal, device, withDocument, onError } = this.#options
    if (!personal.document.provider.synced || !personal.isConfirmed) return
    for (const listed of personal.list.all) {
      // Coming back wakes it.
      if (this.#isOver || !personal.document.provider.synced) return
      if (this.#failed.has(listed.id) || personal.list.accessOf(listed.id, device.id) !== 'in') continue
      if (this.#missing(listed).length === 0 && this.#leftOver(listed).length === 0) continue
      try {
        await withDocument(listed, async (document) => {
          await this.#takeOut(listed, document)
          await this.#letIn(listed, document)
        })
      } catch (error) {
        const code = error instanceof SyncError ? error.code : ''
        if (code === 'DELETED') personal.list.remove(listed.id)
        // This device was taken out: it lets nobody in any more.
        else if (isStranger(code)) personal.list.noteAccess(listed.id, device.id, 'out')
        else this.#retryLater(listed)
        onError(error)
      }
    }
  }

  #missing({ id }: ListedDocument): PersonalDocument['confirmed'] {
    const { personal } = this.#options
    return personal.confirmed.filter((device) => personal.list.accessOf(id, device.id) === 'waiting')
  }

  /** Devices that were removed, and may still be in this document. */
  #leftOver({ id }: ListedDocument): readonly RemovedDevice[] {
    const { list, removed } = this.#options.personal
    return removed.filter((gone) => {
      const name = nameOf(id, gone.id)
      const isOut = list.isTakenOut(id, gone.id, gone.record) && list.accessOf(id, gone.id) !== 'in'
      return (!isOut || this.#admitted.has(name)) && !this.#forbidden.has(name)
    })
  }

  async #takeOut(listed: ListedDocument, document: SealedDocument): Promise<void> {
    const { personal } = this.#options
    for (const { id, record } of this.#leftOver(listed)) {
      try {
        // What it let in without a word in the personal document is none of the person's.
        const known = personal.confirmed.map((device) => device.id)
        await document.change(removeLostDevice(id, false, known))
        personal.list.noteTakenOut(listed.id, id, record)
        this.#admitted.delete(nameOf(listed.id, id))
      } catch (error) {
        if (!(error instanceof SyncError) || !REFUSED.has(error.code)) throw error
        this.#forbidden.add(nameOf(listed.id, id))
        this.#options.onError(error)
      }
    }
  }

  async #letIn(listed: ListedDocument, document: SealedDocument): Promise<void> {
    const { personal } = this.#options
    const { list } = personal
    for (const { id, certificate, name } of this.#missing(listed)) {
      const letIn = addOwnDevice(certificate, name)
      // Asked when the record is made: it may be one of the person's no more.
      const isConfirmed = (): boolean => personal.confirmed.some((device) => equalBytes(device.id, id))
      this.#admitted.add(nameOf(listed.id, id))
      await document.change((members, tools) => (isConfirmed() ? letIn(members, tools) : null))
      if (document.members().some(({ devices }) => devices.some((device) => device.id === bytesToBase64url(id)))) {
        list.noteAccess(listed.id, id, 'in')
      }
    }
  }

  #retryLater({ id }: ListedDocument): void {
    this.#failed.add(id)
    if (this.#isOver || this.#retry !== null) return
    this.#retry = startTimer(RETRY_MS, () => {
      this.#retry = null
      this.#failed.clear()
      this.wake()
    })
  }
}

function nameOf(document: string, device: Bytes): string {
  return `${document}/${bytesToBase64url(device)}`
}
