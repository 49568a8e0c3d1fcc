/**
 * Presence between a foreign provider and the sealed document: of what the provider says only its own client's state goes out, and others'
 * states come in under clocks of this side's making. Rules CL7, CL62.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import { Awareness } from 'y-protocols/awareness'
import { Doc } from 'yjs'
import { wallClock } from '../platform.ts'
import { decodeAwarenessUpdate, encodeAwarenessUpdate } from './peer-message.ts'

interface AwarenessChange {
  readonly added: readonly number[]
  readonly updated: readonly number[]
  readonly removed: readonly number[]
}

export class AdaptedPresence {
  /** The sealed document's side. */
  readonly awareness: Awareness
  #shown = 'null'
  #lastClock = 0

  /** `client`: the app's Yjs client id. `onOthers` is given what the provider is to be told. */
  constructor(client: number, onOthers: (update: Bytes) => void) {
    // Of a Doc of its own: an Awareness stays known to its Doc for as long as that lives.
    const doc = new Doc()
    doc.clientID = client
    this.awareness = new Awareness(doc)
    this.awareness.setLocalState(null)
    this.awareness.on('update', ({ added, updated, removed }: AwarenessChange) => {
      const others = [...added, ...updated, ...removed].filter((each) => each !== client)
      if (others.length > 0) onOthers(this.#encode(others))
    })
  }

  /** Takes an awareness update of the provider, which tells of everybody whom it knows. */
  takeOwn(update: Uint8Array): void {
    const own = decodeAwarenessUpdate(update).find(({ client }) => client === this.awareness.clientID)
    // The provider renews a state that has not changed, and so does this side.
    if (own === undefined || own.state === this.#shown) return
    this.#shown = own.state
    this.awareness.setLocalState(JSON.parse(own.state) as Record<string, unknown> | null)
  }

  /** The provider is gone, and with it its client. */
  hide(): void {
    if (this.#shown === 'null') return
    this.#shown = 'null'
    this.awareness.setLocalState(null)
  }

  /** Everybody else, for a provider that has just come or asks. */
  others(): Bytes {
    return this.#encode([...this.awareness.getStates().keys()].filter((each) => each !== this.awareness.clientID))
  }

  destroy(): void {
    this.awareness.destroy()
  }

  /**
   * Under a clock above all that the provider was told before, by this object or one before it: were others' own clocks handed on, one that
   * somebody set high would stay with the provider, and hide the id's owner for good.
   */
  #encode(clients: readonly number[]): Bytes {
    this.#lastClock = Math.max(this.#lastClock + 1, wallClock())
    const states = this.awareness.getStates()
    const entries = clients.map((client) => ({ client, state: JSON.stringify(states.get(client) ?? null) }))
    return encodeAwarenessUpdate(entries, this.#lastClock)
  }
}
