/** The input gate by real input: an input method and keys as the browser itself sends them. */
import { onTestFinished, expect, it, vi, describe } from 'vitest'
import { cdp, userEvent } from 'vitest/browser'

import { CARET_MS, COMPOSITION_IDLE_MS, startInputGate } from '../../../../client/input/input-gate.ts'
import { startStallClock } from '../../../support/stall-clock.ts'

interface Watched {
  readonly field: HTMLElement
  readonly held: readonly boolean[]
  readonly isHeld: () => boolean
}

function watchGate(scope?: (field: HTMLElement) => HTMLElement | boolean): Watched {
  const field = document.createElement('div')
  field.contentEditable = 'true'
  field.textContent = 'some words'
  document.body.append(field)
  const held: boolean[] = []
  const gate = { hold: () => void held.push(true), release: () => void held.push(false) }
  const stop = startInputGate(scope?.(field) ?? field, gate)
  onTestFinished(() => {
    stop()
    field.remove()
  })
  return { field, held, isHeld: () => held.at(-1) === true }
}

interface Keyboard {
  send(
    method: 'Input.imeSetComposition',
    params: { text: string; selectionStart: number; selectionEnd: number },
  ): Promise<void>
  send(method: 'Input.insertText', params: { text: string }): Promise<void>
}

/** As a phone's keyboard does: the word under the finger grows in place. */
async function compose(text: string): Promise<void> {
  const { length } = text
  await (cdp() as Keyboard).send('Input.imeSetComposition', { text, selectionStart: length, selectionEnd: length })
}

describe('the input gate', () => {
  it('[CL20] holds while an input method composes, and a moment longer', async () => {
    const { field, isHeld, held } = watchGate()
    field.focus()
    await compose('hel')
    expect(isHeld()).toBe(true)
    await compose('hello')
    await (cdp() as Keyboard).send('Input.insertText', { text: 'hello' })
    const freeMs = startStallClock()
    await vi.waitFor(() => expect(isHeld()).toBe(false))
    expect(freeMs()).toBeLessThan(500)
    expect(held).toEqual([true, false])
  })

  it('[CL20] lets go of a composition to which nothing is added', async () => {
    const { field, isHeld } = watchGate()
    field.focus()
    const startedAt = performance.now()
    await compose('hel')
    await vi.waitFor(() => expect(isHeld()).toBe(false), { interval: 20 })
    expect(performance.now() - startedAt).toBeGreaterThan(COMPOSITION_IDLE_MS - 200)
    await compose('hell')
    expect(isHeld()).toBe(true)
  })

  it('[CL20] lets go when the field is left in the middle of a word', async () => {
    const { field, isHeld } = watchGate()
    field.focus()
    await compose('hel')
    const freeMs = startStallClock()
    field.blur()
    await vi.waitFor(() => expect(isHeld()).toBe(false))
    expect(freeMs()).toBeLessThan(500)
  })

  it('[CL20] holds for a moment around a caret key and a tap, and not for a letter', async () => {
    const { field, held, isHeld } = watchGate()
    field.focus()
    await userEvent.keyboard('a')
    expect(held).toEqual([])
    await userEvent.keyboard('{ArrowLeft}')
    expect(held[0]).toBe(true)
    await vi.waitFor(() => expect(isHeld()).toBe(false))
    await userEvent.click(field)
    await vi.waitFor(() => expect(held.slice(0, 4)).toEqual([true, false, true, false]))
  })

  it('[CL20] does not keep others out for as long as a caret key is held down', async () => {
    const { field, held } = watchGate()
    const startedAt = performance.now()
    while (performance.now() - startedAt < 900) {
      field.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true }))
      await new Promise((resolve) => setTimeout(resolve, CARET_MS / 4))
    }
    expect(held).toContain(false)
  })

  it('[CL20] minds one element where it is told to, the page where it is not, and nothing where it is off', async () => {
    const other = document.createElement('input')
    document.body.append(other)
    onTestFinished(() => other.remove())
    const [one, all, none] = [watchGate(), watchGate(() => true), watchGate(() => false)]
    other.focus()
    await compose('hel')
    expect([one.held, all.held, none.held]).toEqual([[], [true], []])
  })
})
