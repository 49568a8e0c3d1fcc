/**
 * Colours and names that strangers send, made fit to be shown. Threat K17.
 *
 * @module
 */

/** Dark enough for white letters on them. [WCAG 2.2, 1.4.3] */
const COLOURS = ['#b3261e', '#8c4a00', '#5d6200', '#1b6d2f', '#00696d', '#0b57d0', '#6750a4', '#984061'] as const
const LONGEST_NAME = 40

/** The colour as somebody's app says it, where it is one of six hexadecimal digits; else one of their client id's. */
export function caretColour(told: unknown, clientId: number): string {
  if (typeof told === 'string' && /^#[0-9a-f]{6}$/i.test(told)) return told
  return COLOURS[clientId % COLOURS.length] as string
}

/** A name of one line and bounded length; empty where there is none. */
export function caretName(told: unknown): string {
  if (typeof told !== 'string') return ''
  // Controls, and marks that turn the direction of what stands beside them.
  const plain = told.replaceAll(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, ' ').trim()
  const letters = [...plain]
  return letters.length > LONGEST_NAME ? `${letters.slice(0, LONGEST_NAME - 1).join('')}…` : plain
}
