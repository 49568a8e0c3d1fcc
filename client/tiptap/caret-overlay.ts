/**
 * Other people's carets as a picture above the editor. Nothing of it stands inside the editable element: carets in there split words for input
 * methods, and on Android turn Enter beside them into a stray line break. Threat K17.
 *
 * @module
 */
import { startTimer, type Cancel } from '../platform.ts'

/** Where somebody's caret is, in coordinates of the window. */
export interface Caret {
  readonly clientId: number
  readonly name: string
  readonly colour: string
  readonly head: Box
  /** What they have selected, line by line. */
  readonly selected: readonly Box[]
  /** Changes when they have moved. */
  readonly place: string
}

export interface Box {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** A label covers the line above it: it goes when its caret rests. */
export const LABEL_MS = 2_200
const CARET_WIDTH = 2

interface Shown {
  readonly root: HTMLElement
  readonly caret: HTMLElement
  readonly label: HTMLElement
  readonly selection: HTMLElement
  /** Pixels that the label takes. */
  labelWidth: number
  place: string
  fade: Cancel | null
}

export class CaretOverlay {
  readonly element: HTMLElement
  readonly #host: HTMLElement
  readonly #page: Document
  readonly #shownByClient = new Map<number, Shown>()

  /** Stands at the end of `host`, which need not be positioned. */
  constructor(host: HTMLElement) {
    this.#host = host
    this.#page = host.ownerDocument
    this.element = this.#make('y-sealed-carets')
    // A point at the host's corner of whatever it is positioned by; carets are placed against where that really is.
    place(this.element, { left: 0, top: 0 })
    this.element.setAttribute('aria-hidden', 'true')
    this.element.style.pointerEvents = 'none'
    this.element.style.zIndex = '1'
    host.append(this.element)
  }

  /** Shows these and no others. */
  draw(carets: readonly Caret[]): void {
    const origin = this.element.getBoundingClientRect()
    const host = this.#host.getBoundingClientRect()
    const present = new Set(carets.map(({ clientId }) => clientId))
    for (const clientId of this.#shownByClient.keys()) if (!present.has(clientId)) this.#remove(clientId)
    for (const caret of carets) this.#draw(caret, origin, host)
  }

  destroy(): void {
    for (const clientId of this.#shownByClient.keys()) this.#remove(clientId)
    this.element.remove()
  }

  #draw({ clientId, name, colour, head, selected, place: told }: Caret, origin: DOMRect, host: DOMRect): void {
    const shown = this.#shownByClient.get(clientId) ?? this.#add(clientId)
    const { caret, label, selection } = shown
    place(caret, { left: head.left - origin.left - CARET_WIDTH / 2, top: head.top - origin.top })
    caret.style.height = `${head.bottom - head.top}px`
    caret.style.backgroundColor = label.style.backgroundColor = colour
    // Text, never markup: whoever is there may call themselves anything. [K17]
    if (label.textContent !== name) {
      label.textContent = name
      shown.labelWidth = label.offsetWidth
    }
    lean(label, head.left + shown.labelWidth > host.right && head.left - shown.labelWidth >= host.left)
    selection.replaceChildren(...selected.map((box) => this.#mark(box, origin, colour)))
    if (shown.place === told) return
    shown.place = told
    label.style.opacity = name === '' ? '0' : '1'
    shown.fade?.()
    shown.fade = startTimer(LABEL_MS, () => (label.style.opacity = '0'))
  }

  #mark(box: Box, origin: DOMRect, colour: string): HTMLElement {
    const mark = this.#make('y-sealed-selection')
    place(mark, { left: box.left - origin.left, top: box.top - origin.top })
    mark.style.width = `${box.right - box.left}px`
    mark.style.height = `${box.bottom - box.top}px`
    mark.style.backgroundColor = colour
    mark.style.opacity = '0.22'
    return mark
  }

  #add(clientId: number): Shown {
    const [root, caret, label, selection] = [
      this.#make('y-sealed-person'),
      this.#make('y-sealed-caret'),
      this.#make('y-sealed-label'),
      this.#make('y-sealed-selections'),
    ]
    for (const element of [root, selection]) place(element, { left: 0, top: 0 })
    caret.style.width = `${CARET_WIDTH}px`
    label.style.position = 'absolute'
    label.style.bottom = '100%'
    for (const [name, value] of Object.entries(LABEL)) label.style.setProperty(name, value)
    caret.append(label)
    root.append(selection, caret)
    this.element.append(root)
    const shown = { root, caret, label, selection, labelWidth: 0, place: '', fade: null }
    this.#shownByClient.set(clientId, shown)
    return shown
  }

  #remove(clientId: number): void {
    const shown = this.#shownByClient.get(clientId)
    shown?.fade?.()
    shown?.root.remove()
    this.#shownByClient.delete(clientId)
  }

  #make(name: string): HTMLElement {
    const element = this.#page.createElement('div')
    element.className = name
    return element
  }
}

/** By properties: a strict Content-Security-Policy refuses `style` attributes and elements. */
const LABEL: Readonly<Record<string, string>> = {
  color: '#fff',
  font: '600 12px/16px system-ui, sans-serif',
  padding: '1px 5px',
  'white-space': 'nowrap',
  transition: 'opacity 0.3s',
  'user-select': 'none',
}

/** A label stands over what follows its caret, or where that would end outside the editor over what comes before. */
function lean(label: HTMLElement, isBack: boolean): void {
  label.style.left = isBack ? 'auto' : '0'
  label.style.right = isBack ? '0' : 'auto'
  label.style.borderRadius = isBack ? '4px 4px 0' : '4px 4px 4px 0'
}

function place(element: HTMLElement, { left, top }: { readonly left: number; readonly top: number }): void {
  element.style.position = 'absolute'
  element.style.left = `${left}px`
  element.style.top = `${top}px`
}
