/**
 * The Tiptap extension that shows where others are and tells them where oneself is, in the words of the stock caret extensions (`cursor` and
 * `user` of the awareness), so that both understand each other.
 *
 * @module
 */
import { Extension } from '@tiptap/core'
import { Plugin, PluginKey, type EditorState } from '@tiptap/pm/state'
import type { EditorView } from '@tiptap/pm/view'
import {
  absolutePositionToRelativePosition,
  relativePositionToAbsolutePosition,
  ySyncPluginKey,
} from '@tiptap/y-tiptap'
import type { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { caretColour, caretName } from './caret-colour.ts'
import { CaretOverlay, type Box, type Caret } from './caret-overlay.ts'

/** What has an awareness: a provider. */
interface Present {
  readonly awareness: Awareness
}

/** As others may see this person. */
export interface CaretUser {
  readonly name: string
  /** `#` and six hexadecimal digits; anything else is replaced by a colour of the client id. */
  readonly color?: string
}

export interface RemoteCaretsOptions {
  /** Sets `user` of the awareness; leave it out where the app does. */
  readonly user?: CaretUser
  /**
   * What the label of a client id's caret says; by default what they call themselves, which may be somebody else's name. In a document with
   * members: `(clientId) => document.presentMember(clientId)?.name ?? null`.
   */
  readonly nameOf?: (clientId: number) => string | null
}

type Mapping = Parameters<typeof absolutePositionToRelativePosition>[2]

/** The part of y-tiptap's state that is used; its declaration leaves it untyped. */
interface SyncState {
  readonly doc: Y.Doc
  readonly type: Y.XmlFragment
  readonly binding: { readonly mapping: Mapping } | null
}

/** Of one person's selection: more than any screen shows. */
const MOST_LINES = 200

const CARETS: PluginKey = new PluginKey('y-sealed-carets')

/**
 * Carets and names of everybody else in `provider`, beside an editor that `@tiptap/extension-collaboration` binds to the same document. Use it
 * in place of a caret extension, not beside one. Everything is drawn outside the editable element; classes `y-sealed-caret`, `y-sealed-label` and
 * `y-sealed-selection` are there to be styled.
 */
export function remoteCarets(provider: Present, { user, nameOf }: RemoteCaretsOptions = {}): Extension {
  const { awareness } = provider
  return Extension.create({
    name: 'remoteCarets',
    onCreate() {
      if (user !== undefined) awareness.setLocalStateField('user', user)
    },
    addProseMirrorPlugins: () => [
      new Plugin({ key: CARETS, view: (view: EditorView) => new CaretView(view, awareness, nameOf) }),
    ],
  })
}

class CaretView {
  readonly #view: EditorView
  readonly #awareness: Awareness
  readonly #nameOf: RemoteCaretsOptions['nameOf']
  readonly #overlay: CaretOverlay | null
  readonly #resizes: ResizeObserver | null
  #frame: number | null = null
  readonly #redraw = (): void => {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null
      this.#overlay?.draw(this.#carets())
    })
  }
  readonly #tell = (): void => this.#tellOwn()

  constructor(view: EditorView, awareness: Awareness, nameOf?: RemoteCaretsOptions['nameOf']) {
    this.#view = view
    this.#awareness = awareness
    this.#nameOf = nameOf
    const host = view.dom.parentElement
    this.#overlay = host && new CaretOverlay(host)
    this.#resizes = typeof ResizeObserver === 'undefined' ? null : new ResizeObserver(this.#redraw)
    this.#resizes?.observe(view.dom)
    awareness.on('change', this.#redraw)
    view.dom.addEventListener('focus', this.#tell)
    view.dom.addEventListener('blur', this.#tell)
    this.#redraw()
  }

  update(view: EditorView, before: EditorState): void {
    if (!view.state.selection.eq(before.selection) || view.state.doc !== before.doc) this.#tellOwn()
    this.#redraw()
  }

  destroy(): void {
    const { dom } = this.#view
    if (this.#frame !== null) cancelAnimationFrame(this.#frame)
    this.#resizes?.disconnect()
    this.#awareness.off('change', this.#redraw)
    dom.removeEventListener('focus', this.#tell)
    dom.removeEventListener('blur', this.#tell)
    this.#setCursor(null)
    this.#overlay?.destroy()
  }

  /** Where one's own caret is, for others; nowhere while the editor has no focus. */
  #tellOwn(): void {
    const sync = syncStateOf(this.#view.state)
    if (!sync?.binding || !this.#view.hasFocus()) return this.#setCursor(null)
    const { anchor, head } = this.#view.state.selection
    const { mapping } = sync.binding
    const relative = (place: number): unknown => absolutePositionToRelativePosition(place, sync.type, mapping)
    const caret = relative(head)
    // It goes through the paragraphs one by one: once is enough where nothing is selected.
    this.#setCursor({ anchor: anchor === head ? caret : relative(anchor), head: caret })
  }

  #setCursor(cursor: { readonly anchor: unknown; readonly head: unknown } | null): void {
    const state = this.#awareness.getLocalState()
    if (state === null || JSON.stringify(state['cursor'] ?? null) === JSON.stringify(cursor)) return
    this.#awareness.setLocalStateField('cursor', cursor)
  }

  #carets(): readonly Caret[] {
    const sync = syncStateOf(this.#view.state)
    if (sync === null || this.#view.isDestroyed) return []
    const carets: Caret[] = []
    for (const [clientId, state] of this.#awareness.getStates()) {
      const caret = clientId === this.#awareness.clientID ? null : this.#caretOf(clientId, state, sync)
      if (caret !== null) carets.push(caret)
    }
    return carets
  }

  #caretOf(clientId: number, state: Readonly<Record<string, unknown>>, sync: SyncState): Caret | null {
    const { anchor, head } = (state['cursor'] ?? {}) as { readonly anchor?: unknown; readonly head?: unknown }
    const [from, to] = [this.#placeOf(anchor, sync), this.#placeOf(head, sync)]
    if (from === null || to === null) return null
    const { name, color } = (state['user'] ?? {}) as { readonly name?: unknown; readonly color?: unknown }
    const { left, top, bottom } = this.#view.coordsAtPos(to)
    return {
      clientId,
      name: caretName(this.#nameOf === undefined ? name : this.#nameOf(clientId)),
      colour: caretColour(color, clientId),
      head: { left, right: left, top, bottom },
      selected: from === to ? [] : this.#linesBetween(Math.min(from, to), Math.max(from, to)),
      place: JSON.stringify([anchor, head]),
    }
  }

  /** A place in this document, or `null` for what is none: it was deleted, or somebody made it up. */
  #placeOf(relative: unknown, { doc, type, binding }: SyncState): number | null {
    if (typeof relative !== 'object' || relative === null || binding === null) return null
    try {
      const position = Y.createRelativePositionFromJSON(relative)
      const place: number | null = relativePositionToAbsolutePosition(doc, type, position, binding.mapping)
      return place === null ? null : Math.max(0, Math.min(place, this.#view.state.doc.content.size))
    } catch {
      return null
    }
  }

  #linesBetween(from: number, to: number): readonly Box[] {
    const range = this.#view.dom.ownerDocument.createRange()
    const [start, end] = [this.#view.domAtPos(from, 1), this.#view.domAtPos(to, -1)]
    range.setStart(start.node, start.offset)
    range.setEnd(end.node, end.offset)
    return [...range.getClientRects()].filter(({ width, height }) => width > 0 && height > 0).slice(0, MOST_LINES)
  }
}

function syncStateOf(state: EditorState): SyncState | null {
  return (ySyncPluginKey.getState(state) as SyncState | undefined) ?? null
}
