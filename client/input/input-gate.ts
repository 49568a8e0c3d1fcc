/**
 * Holds remote edits while an input method composes, and for a moment around a tap or a caret key: an editor that is changed from outside
 * just then doubles words, loses taps, or shows what the document does not say. It knows events of the page and no editor. Rule CL20.
 *
 * @module
 */
import { monotonicClock, startTimer, type Cancel } from '../platform.ts'
import type { RemoteGate } from '../provider/remote-gate.ts'

/** After a composition the editor still reads what was typed. */
export const COMPOSED_MS = 60
/** A composition that nothing is added to any more: the keyboard is away, or its end was never told. */
export const COMPOSITION_IDLE_MS = 1_300
/** The browser moves the caret after the event, and the editor learns of it later still. */
export const CARET_MS = 70
/** Whoever holds a key down, or taps without end, does not keep others out for longer. */
export const LONGEST_CARET_MS = 500

/** `true`: every input of the page; an element: what happens within it; `false`: none. */
export type InputGateScope = boolean | HTMLElement

const CARET_KEYS: ReadonlySet<string> = new Set([
  'ArrowLeft',
  'ArrowRight',
  'ArrowUp',
  'ArrowDown',
  'Home',
  'End',
  'PageUp',
  'PageDown',
])

/** Watches until it is called back; does nothing where there is no page. */
export function startInputGate(scope: InputGateScope, gate: Pick<RemoteGate, 'hold' | 'release'>): Cancel {
  const target = scope === true ? globalThis.document : scope
  if (target === false || target === undefined) return () => undefined
  const watch = new InputGate(gate)
  const listeners: Readonly<Record<string, (event: Event) => void>> = {
    compositionstart: () => watch.compose(),
    compositionupdate: () => watch.compose(),
    compositionend: () => watch.composed(),
    // A composition whose field is gone has ended, told or not.
    focusout: () => watch.composed(),
    pointerdown: () => watch.moveCaret(),
    pointerup: () => watch.moveCaret(),
    keydown: (event) => {
      if (CARET_KEYS.has((event as KeyboardEvent).key)) watch.moveCaret()
    },
  }
  for (const [name, listener] of Object.entries(listeners)) target.addEventListener(name, listener, true)
  return () => {
    for (const [name, listener] of Object.entries(listeners)) target.removeEventListener(name, listener, true)
    watch.close()
  }
}

class InputGate {
  readonly #gate: Pick<RemoteGate, 'hold' | 'release'>
  #isComposing = false
  #isHeld = false
  #caretHeldSince: number | null = null
  #timer: Cancel | null = null

  constructor(gate: Pick<RemoteGate, 'hold' | 'release'>) {
    this.#gate = gate
  }

  compose(): void {
    this.#isComposing = true
    this.#holdFor(COMPOSITION_IDLE_MS)
  }

  composed(): void {
    if (!this.#isComposing) return
    this.#isComposing = false
    if (this.#isHeld) this.#holdFor(COMPOSED_MS)
  }

  moveCaret(): void {
    // A composition holds for longer than a tap: its own end counts.
    if (this.#isComposing && this.#isHeld) return
    const now = monotonicClock()
    this.#caretHeldSince ??= now
    if (now - this.#caretHeldSince < LONGEST_CARET_MS) this.#holdFor(CARET_MS)
  }

  close(): void {
    this.#release()
  }

  #holdFor(ms: number): void {
    this.#timer?.()
    this.#timer = startTimer(ms, () => this.#release())
    if (this.#isHeld) return
    this.#isHeld = true
    this.#gate.hold('input')
  }

  #release(): void {
    this.#timer?.()
    this.#timer = null
    this.#caretHeldSince = null
    if (!this.#isHeld) return
    this.#isHeld = false
    this.#gate.release('input')
  }
}
