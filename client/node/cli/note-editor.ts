/**
 * A cursor in a Y.Text and what the keys of a terminal do there. The cursor is bound to the text around it, so that it stays where it
 * was when others type before it.
 *
 * @module
 */
import * as Y from 'yjs'
import { graphemeAfter, graphemeBefore } from './cells.ts'

/** A key press as `node:readline` reports it. */
export interface KeyPress {
  readonly name?: string | undefined
  readonly ctrl?: boolean | undefined
  readonly meta?: boolean | undefined
}

export class NoteEditor {
  readonly #text: Y.Text
  #place: Y.RelativePosition

  constructor(text: Y.Text) {
    this.#text = text
    this.#place = placeAt(text, text.length)
  }

  /** UTF-16 unit at which the cursor stands. */
  get cursor(): number {
    const { doc } = this.#text
    const place = doc === null ? null : Y.createAbsolutePositionFromRelativePosition(this.#place, doc)
    return place?.index ?? this.#text.length
  }

  /** Does what the key stands for; `characters` is what it types, if anything. */
  press(characters: string | undefined, key: KeyPress): void {
    const cursor = this.cursor
    const text = this.#text.toJSON()
    switch (key.name) {
      case 'return':
      case 'enter':
        return this.#type('\n')
      case 'backspace':
        return this.#remove(graphemeBefore(text, cursor), cursor)
      case 'delete':
        return this.#remove(cursor, graphemeAfter(text, cursor))
      case 'left':
        return this.#moveTo(graphemeBefore(text, cursor))
      case 'right':
        return this.#moveTo(graphemeAfter(text, cursor))
      case 'home':
        return this.#moveTo(text.lastIndexOf('\n', cursor - 1) + 1)
      case 'end':
        return this.#moveTo(endOfLine(text, cursor))
      case 'up':
        return this.#moveTo(text.lastIndexOf('\n', Math.max(0, text.lastIndexOf('\n', cursor - 1) - 1)) + 1)
      case 'down':
        return this.#moveTo(Math.min(text.length, endOfLine(text, cursor) + 1))
      default:
        // oxlint-disable-next-line no-control-regex -- a key that types a control is no text
        if (characters && !key.ctrl && !key.meta && !/^[\u0000-\u001f\u007f]/.test(characters)) this.#type(characters)
    }
  }

  #type(characters: string): void {
    const cursor = this.cursor
    this.#text.insert(cursor, characters)
    this.#moveTo(cursor + characters.length)
  }

  #remove(from: number, to: number): void {
    if (to > from) this.#text.delete(from, to - from)
    this.#moveTo(from)
  }

  #moveTo(unit: number): void {
    this.#place = placeAt(this.#text, unit)
  }
}

/** Sticks to the character before it, so that what others type there comes after the cursor. */
function placeAt(text: Y.Text, unit: number): Y.RelativePosition {
  return Y.createRelativePositionFromTypeIndex(text, unit, -1)
}

function endOfLine(text: string, unit: number): number {
  const end = text.indexOf('\n', unit)
  return end < 0 ? text.length : end
}
