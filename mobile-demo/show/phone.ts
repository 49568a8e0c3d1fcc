/**
 * A phone on the page: the app itself in a frame of this origin, with storage and keys of its own.
 *
 * @module
 */
import { listenToPhone, post, type Command, type Report } from './messages.ts'
import { make, part } from './part.ts'

export interface Phone {
  readonly name: string
  tell(command: Command): void
}

/** Puts it in its place on the page; `hear` is told all that it says. */
export function openPhone(device: string, name: string, hear: (phone: Phone, report: Report) => void): Phone {
  const frame = make('iframe', '')
  frame.title = `${name}’s phone`
  const phone: Phone = {
    name,
    tell(command) {
      if (frame.contentWindow !== null) post(frame.contentWindow, command)
    },
  }
  listenToPhone(frame, (report) => hear(phone, report))
  const head = make('header', '')
  head.append(make('h2', '', name), airplaneSwitch(phone))
  const body = make('div', 'body')
  body.append(frame)
  part(device).append(head, body)
  frame.src = `/?device=${device}`
  return phone
}

function airplaneSwitch(phone: Phone): HTMLElement {
  const button = make('button', 'airplane', 'Airplane mode')
  button.type = 'button'
  button.setAttribute('role', 'switch')
  button.setAttribute('aria-checked', 'false')
  button.setAttribute('aria-label', `Airplane mode of ${phone.name}’s phone`)
  button.addEventListener('click', () => {
    const isOn = button.getAttribute('aria-checked') !== 'true'
    button.setAttribute('aria-checked', String(isOn))
    phone.tell({ kind: 'airplane', isOn })
  })
  return button
}
