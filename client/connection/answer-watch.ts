/**
 * How long an answer of the relay may take before the relay is said to withhold it. A slow line is no fault of the relay's, and a page is not
 * told which bytes of a message have come: a sign that is asked for comes behind all that was sent before it, and tells the two apart. [K3]
 *
 * @module
 */
import { startTimer, type Cancel } from '../platform.ts'

/** Nothing more of the answer has come for so long: a sign is asked for. */
const ASK_AFTER_MS = 10_000
/** A relay that gives no sign either: what it may have sent first would have come by now on any line that is of use. */
const OVERDUE_AFTER_MS = 60_000

/** Asks the relay for a sign, which comes behind all that it has sent by then; where nothing can be sent, none comes. */
export type AskForSign = (onSign: () => void) => Cancel

/**
 * Calls back once unless it is cancelled before, as is to be done with each part of the answer that comes: when the relay has given a sign
 * of itself and not the answer, 10 s after this call at the soonest, and at last after a minute.
 */
export function watchAnswer(askForSign: AskForSign, onOverdue: () => void): Cancel {
  let forget: Cancel | null = null
  let stop = startTimer(ASK_AFTER_MS, () => {
    stop = startTimer(OVERDUE_AFTER_MS - ASK_AFTER_MS, tell)
    forget = askForSign(tell)
  })
  return cancel

  function tell(): void {
    cancel()
    onOverdue()
  }
  function cancel(): void {
    stop()
    forget?.()
  }
}
