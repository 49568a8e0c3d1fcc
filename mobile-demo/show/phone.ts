/**
 * A phone on the page: the app itself in a frame of this origin, with storage and keys of its own; its name, how its note stands, and what can
 * be done to it.
 *
 * @module
 */
import { listenToPhone, post, type Command, type Report } from './messages.ts'
import { make } from './part.ts'

export interface Phone {
  /** Names its storage. */
  readonly device: string
  readonly name: string
  readonly element: HTMLElement
  tell(command: Command): void
  /** How its note stands, in its own words. */
  showStatus(state: string, text: string): void
  /** May it be removed from the note now? */
  allowRemoval(isAllowed: boolean): void
}

interface PhoneOptions {
  readonly device: string
  readonly name: string
  /** Is told all that it says. */
  readonly hear: (phone: Phone, report: Report) => void
  /** Its airplane mode was switched, on or off. */
  readonly onAirplane: (phone: Phone, isOn: boolean) => void
  /** `null` for whoever cannot be removed. */
  readonly onRemove: ((phone: Phone) => void) | null
}

/** States that are told in a voice of alarm; how long they stay to be read after they have passed. */
const ALARMS: ReadonlySet<string> = new Set(['tampered', 'rolled-back', 'spoilt'])
const READ_MS = 2_500

const SVG = 'http://www.w3.org/2000/svg'
/** Seen from above. */
const PLANE =
  'M21 16v-2l-8-5V3.5c0-.83-.67-1.5-1.5-1.5S10 2.67 10 3.5V9l-8 5v2l8-2.5V19l-2 1.5V22l3.5-1 3.5 1v-1.5L13 19v-5.5l8 2.5z'

/** The caller puts its element on the page, which starts it. */
export function createPhone({ device, name, hear, onAirplane, onRemove }: PhoneOptions): Phone {
  const frame = make('iframe', '')
  frame.title = `${name}’s phone`
  const status = make('p', 'standing', 'Starting…')
  const remove = make('button', 'remove', 'Remove')
  const element = make('section', 'phone')
  element.id = device
  element.setAttribute('aria-label', `${name}’s phone`)
  let timer: ReturnType<typeof setTimeout> | undefined
  let alarmedAt = 0
  const show = (state: string, text: string): void => {
    status.dataset['state'] = state
    status.textContent = text
  }
  const phone: Phone = {
    device,
    name,
    element,
    tell(command) {
      if (frame.contentWindow !== null) post(frame.contentWindow, command)
    },
    showStatus(state, text) {
      clearTimeout(timer)
      // An alarm that has passed is worth a look, and has passed.
      const waitMs = ALARMS.has(state) ? 0 : Math.max(0, alarmedAt + READ_MS - Date.now())
      if (ALARMS.has(state)) alarmedAt = Date.now()
      if (waitMs === 0) show(state, text)
      else timer = setTimeout(() => show(state, `Made good · ${text}`), waitMs)
    },
    allowRemoval(isAllowed) {
      remove.disabled = !isAllowed
    },
  }
  listenToPhone(frame, (report) => hear(phone, report))
  const tools = make('div', 'tools')
  tools.append(airplaneSwitch(phone, onAirplane))
  if (onRemove !== null) {
    remove.type = 'button'
    remove.disabled = true
    remove.setAttribute('aria-label', `Remove ${name}`)
    remove.addEventListener('click', () => onRemove(phone))
    tools.append(remove)
  }
  const head = make('header', '')
  head.append(make('h2', '', name), tools, status)
  const body = make('div', 'body')
  body.append(frame)
  element.append(head, body)
  frame.src = `/?device=${device}`
  return phone
}

function airplaneSwitch(phone: Phone, onSwitch: PhoneOptions['onAirplane']): HTMLElement {
  const button = make('button', 'airplane')
  button.append(planeIcon(), make('span', '', 'Airplane'))
  button.type = 'button'
  button.setAttribute('role', 'switch')
  button.setAttribute('aria-checked', 'false')
  button.setAttribute('aria-label', `Airplane mode of ${phone.name}’s phone`)
  button.addEventListener('click', () => {
    const isOn = button.getAttribute('aria-checked') !== 'true'
    button.setAttribute('aria-checked', String(isOn))
    phone.tell({ kind: 'airplane', isOn })
    onSwitch(phone, isOn)
  })
  return button
}

function planeIcon(): SVGElement {
  const icon = document.createElementNS(SVG, 'svg')
  icon.setAttribute('viewBox', '0 0 24 24')
  icon.setAttribute('aria-hidden', 'true')
  const path = document.createElementNS(SVG, 'path')
  path.setAttribute('d', PLANE)
  icon.append(path)
  return icon
}
