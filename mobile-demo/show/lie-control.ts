/**
 * What the relay is made to do: tell the truth, or one of three lies. The lie is told by the demo's host, between the phones and the relay.
 *
 * @module
 */
import type { LieName } from '../host/lies.ts'
import { part } from './part.ts'

export interface LieControl {
  /** There is a note to lie about: base64url of its id. Honest again where it is another one. */
  setDocument(id: string): void
}

/** `onChoice` is told what is chosen, once it is so. */
export function openLieControl(onChoice: (lie: LieName | null) => void): LieControl {
  const control = part('lies') as HTMLFieldSetElement
  const honest = part('honest') as HTMLInputElement
  let document = ''

  const ask = async (lie: LieName | null): Promise<void> => {
    const query = new URLSearchParams({ lie: lie ?? '', document })
    await fetch(`/demo/lie?${query}`, { method: 'POST' })
    globalThis.document.documentElement.dataset['lie'] = lie ?? 'none'
    onChoice(lie)
  }
  const choose = (value: string): void => {
    ask(value === 'honest' ? null : (value as LieName)).catch(() => {
      honest.checked = true
    })
  }
  control.addEventListener('change', ({ target }) => choose((target as HTMLInputElement).value))

  return {
    setDocument(id) {
      if (id === document) return
      if (!honest.checked) {
        honest.checked = true
        choose('honest')
      }
      document = id
      control.disabled = false
    },
  }
}
