/**
 * Sees to it that every device of a person is let into every document of theirs: whichever device is in a document already adds the others,
 * one document after another, whenever the list or the devices change. Rule CL12.
 *
 * @module
 */
import { bytesToBase64url, SyncError } from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import { addOwnDevice } from '../members/intents/let-in.ts'
import { startTimer, type Cancel } from '../platform.ts'
import { isStranger } from './stranger.ts'
import type { ListedDocument } from './document-list.ts'
import type { PersonalDocument } from './personal-document.ts'
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

export class Steward {
  readonly #options: StewardOptions
  readonly #stops: (() => void)[]
  #working: Promise<void> | null = null
  #isAsked = false
  #retry: Cancel | null = null
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
      if (this.#isOver) return
      if (personal.list.accessOf(listed.id, device.id) !== 'in' || this.#missing(listed).length === 0) continue
      try {
        await withDocument(listed, (document) => this.#letIn(listed, document))
      } catch (error) {
        const code = error instanceof SyncError ? error.code : ''
        if (code === 'DELETED') personal.list.remove(listed.id)
        // This device was taken out: it lets nobody in any more.
        else if (isStranger(code)) personal.list.noteAccess(listed.id, device.id, 'out')
        else this.#retryLater()
        onError(error)
      }
    }
  }

  #missing({ id }: ListedDocument): PersonalDocument['confirmed'] {
    const { personal } = this.#options
    return personal.confirmed.filter((device) => personal.list.accessOf(id, device.id) === 'waiting')
  }

  async #letIn(listed: ListedDocument, document: SealedDocument): Promise<void> {
    const { list } = this.#options.personal
    for (const { id, certificate, name } of this.#missing(listed)) {
      await document.change(addOwnDevice(certificate, name))
      if (document.members().some(({ devices }) => devices.some((device) => device.id === bytesToBase64url(id)))) {
        list.noteAccess(listed.id, id, 'in')
      }
    }
  }

  #retryLater(): void {
    this.#retry?.()
    this.#retry = startTimer(RETRY_MS, () => this.wake())
  }
}
