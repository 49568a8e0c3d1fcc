/**
 * This device's own part in an open document: what is typed here and on its way, and who is shown to be here. Rules CL5–CL7, CL14, CL15.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'
import * as Y from 'yjs'
import type { SetAsideEdit } from '../drafts/set-aside-list.ts'
import { feedsOf, type LogOutcome } from '../log/document-log.ts'
import { createMemoryOutbox } from '../outbox/outbox.ts'
import { Presence, type PresenceOptions } from './presence.ts'
import type { Emit } from './provider-events.ts'
import type { QueuedEntry } from './send-queue.ts'
import type { SenderOptions } from './sender-options.ts'
import { hasIllFormedText, LONE_SURROGATE } from '../yjs/ill-formed-text.ts'
import type { BoundClient } from '../yjs/log-state.ts'
import { Sender } from './sender.ts'
import { TypedClocks } from './typed-clocks.ts'

/** What an {@link OpenDocument} lends to its own side. */
export interface OwnSideOptions
  extends
    Pick<SenderOptions, 'doc' | 'access' | 'log' | 'reopen' | 'refresh' | 'show' | 'whenKept'>,
    Pick<PresenceOptions, 'awareness' | 'signedHead' | 'onHead' | 'origin'> {
  readonly outbox: SenderOptions['outbox'] | undefined
  readonly emit: Emit
  readonly sendEdits: SenderOptions['send']
  readonly sendPresence: PresenceOptions['send']
  /** May presence be shown at all, and does it need a bound client id? */
  readonly mayShow: () => 'no' | 'bound' | 'unbound'
}

export class OwnSide {
  readonly #options: OwnSideOptions
  readonly #typedClocks: TypedClocks
  #sender: Sender | null = null
  #presence: Presence | null = null
  /** What the document held already: whose it is the log that is kept tells. */
  #found: Bytes | null = null
  /** Taken before there was a sender. */
  #early: Bytes[] = []
  #lastUnsaved = 0
  #lastKept = true
  /** How many root types were looked at. */
  #knownRoots = 0

  constructor(options: OwnSideOptions) {
    this.#options = options
    const { doc } = options
    this.#typedClocks = new TypedClocks(doc)
    // What the document holds already may be new to the relay: the log decides when it is known.
    if (doc.store.clients.size > 0) this.#found = Y.encodeStateAsUpdateV2(doc) as Bytes
  }

  /** `null` until the outbox is read. */
  get sender(): Sender | null {
    return this.#sender
  }

  get presence(): Presence | null {
    return this.#presence
  }

  /** Local edits that are not saved. [CL6] */
  get unsaved(): number {
    return (this.#sender?.unsaved ?? 0) + this.#early.length + (this.#found === null ? 0 : 1)
  }

  /** Local edits would survive a crash of this device, so far as it keeps anything. [CL14] */
  get isKept(): boolean {
    return this.#found === null && this.#early.length === 0 && (this.#sender?.isKept ?? true)
  }

  /** What can never leave. [CL15] */
  get setAside(): readonly SetAsideEdit[] {
    return this.#sender?.setAside.all ?? []
  }

  /** Reads the outbox. Rejects as it does. */
  async start(device: Device, isHidden: () => boolean): Promise<void> {
    const { emit, outbox, sendEdits, ...shared } = this.#options
    const sender = new Sender({
      ...shared,
      device,
      typedClocks: this.#typedClocks,
      outbox: outbox ?? createMemoryOutbox(),
      send: sendEdits,
      onChange: () => this.changed(),
      onProblem: (problem) => emit('problem', [problem]),
      onSetAside: () => emit('setAside', [this.setAside]),
    })
    await sender.restore()
    this.#sender = sender
    this.#presence = this.#createPresence(device, sender)
    this.#presence.setHidden(isHidden())
    // Before anything that is typed from now on: they are written down in the order in which they were made. Each counts as unsaved until the
    // sender has it: nothing is said to be saved in between.
    for (; this.#early.length > 0; this.#early.shift()) this.#takeOwn(sender, this.#early[0] as Bytes)
    this.changed()
  }

  /** What is kept of the document is in it: own edits that lean on that are shown. */
  loaded(): void {
    if (this.#sender === null) return
    if (this.#found !== null) {
      this.#sender.takeFound(this.#found)
      this.#checkText(this.#found)
      this.#found = null
    }
    this.#sender.loaded()
  }

  /** Takes an edit of the document, made here; `isRefused` where a reader's may not leave. */
  take(update: Bytes, isRefused: boolean): void {
    this.#checkRoots()
    // A reader's document changes by itself too: Yjs tidies formatting after remote edits. None of that can leave.
    if (isRefused) this.#sender?.skip(update)
    else if (this.#sender) this.#takeOwn(this.#sender, update)
    else {
      this.#early.push(update)
      this.changed()
    }
  }

  /** The log is read on from a snapshot, which says whose clients are bound. */
  based(): void {
    this.#bound(this.#options.log.state.boundClients())
  }

  /** The log has decided of these entries: others' updates go to `apply`, and the sender learns of its own. */
  settle(outcomes: readonly LogOutcome[], apply: (updates: readonly Bytes[]) => void): void {
    const updates: Bytes[] = []
    const own: (readonly [LogOutcome, QueuedEntry])[] = []
    const binds = outcomes.filter((outcome) => outcome.kind === 'bind')
    if (binds.length > 0) this.#bound(binds.map(({ client, envelope }) => ({ client, device: envelope.device })))
    for (const outcome of outcomes) {
      const entry = this.#sender?.find(outcome.envelope) ?? null
      // What this run sealed is in the document already.
      if (entry === null || entry.restored) updates.push(...feedsOf(outcome))
      if (entry) own.push([outcome, entry])
    }
    apply(updates)
    for (const [outcome, entry] of own) this.#sender?.notice(outcome, entry)
    if (own.some(([outcome]) => outcome.kind === 'bind')) this.#presence?.announce()
    this.#sender?.retry()
  }

  /** The number of unsaved edits may be another, or whether they are kept. */
  changed(): void {
    const { unsaved: count, isKept } = this
    if (isKept !== this.#lastKept) {
      this.#lastKept = isKept
      this.#options.emit('kept', [isKept])
    }
    if (count === this.#lastUnsaved) return
    const before = this.#lastUnsaved
    this.#lastUnsaved = count
    this.#options.emit('unsyncedChanges', [count])
    if (count === 0 && before > 0) this.#options.emit('saved', [])
  }

  destroy(): void {
    this.#typedClocks.destroy()
    this.#sender?.destroy()
  }

  #bound(clients: readonly BoundClient[]): void {
    this.#sender?.bound(clients)
  }

  #takeOwn(sender: Sender, update: Bytes): void {
    sender.take(update)
    this.#checkText(update)
  }

  #checkText(update: Bytes): void {
    if (!hasIllFormedText(this.#options.doc, update)) return
    const message = 'a text, a key or a name holds half of a surrogate pair: everybody else has U+FFFD in its place'
    this.#options.emit('problem', [{ code: 'ILL_FORMED_TEXT', message }])
  }

  /** Yjs writes names as UTF-8, in which half of a surrogate pair is U+FFFD: everybody else, and this device's next run, has another root type. */
  #checkRoots(): void {
    const names = [...this.#options.doc.share.keys()].slice(this.#knownRoots)
    this.#knownRoots += names.length
    if (!names.some((name) => LONE_SURROGATE.test(name))) return
    const message =
      'the name of a root type holds half of a surrogate pair: elsewhere its content stands under another name'
    this.#options.emit('problem', [{ code: 'ROOT_NAME', message }])
  }

  #createPresence(device: Device, sender: Sender): Presence {
    const { awareness, access, log, signedHead, onHead, origin, emit, sendPresence, mayShow } = this.#options
    return new Presence({
      awareness,
      access,
      device,
      log,
      signedHead,
      onHead,
      origin,
      session: () => sender.session,
      isSaving: () => sender.unsaved > 0,
      send: sendPresence,
      mayShow: (client) => {
        const how = mayShow()
        return how === 'unbound' || (how === 'bound' && sender.ensureBound(client))
      },
      onProblem: (problem) => emit('problem', [problem]),
    })
  }
}
