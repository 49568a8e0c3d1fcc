/**
 * Text whose places are counted in code points while its edits are wanted in UTF-16 units: editing traces count the first way, Yjs the
 * second. Blocks keep each edit short, whatever the length of the text.
 *
 * @module
 */

/** One edit in UTF-16 units: `remove` units go at `at`, then `insert` comes there. */
export interface UnitEdit {
  readonly at: number
  readonly remove: number
  readonly insert: string
}

interface Block {
  text: string
  points: number
}

/** Blocks are cut in two when they grow beyond this. */
const MAX_BLOCK_UNITS = 1_024

export class PointText {
  readonly #blocks: Block[] = []
  #points = 0

  constructor(text = '') {
    if (text !== '') this.#insertBlocks(0, text)
    this.#points = countPoints(text)
  }

  /** Code points. */
  get length(): number {
    return this.#points
  }

  toString(): string {
    return this.#blocks.map((block) => block.text).join('')
  }

  /**
   * Removes `removePoints` code points at `atPoint`, inserts `insert` there, and returns the same edit in units. Throws `RangeError` when
   * the text does not reach so far.
   */
  edit(atPoint: number, removePoints: number, insert: string): UnitEdit {
    const inside = atPoint >= 0 && removePoints >= 0 && atPoint + removePoints <= this.#points
    if (!inside) throw new RangeError(`an edit at ${atPoint} removes ${removePoints} of ${this.#points} code points`)
    const { index, unitsBefore, points } = this.#find(atPoint)
    const block = this.#blocks[index]
    const at = block ? unitsOf(block, points) : 0
    const remove = this.#remove(index, at, points, removePoints)
    if (insert !== '') this.#insert(index, at, insert)
    return { at: unitsBefore + at, remove, insert }
  }

  /** The block that holds a place, what stands before it, and the place's code point within it. */
  #find(atPoint: number): { index: number; unitsBefore: number; points: number } {
    let left = atPoint
    let unitsBefore = 0
    for (const [index, block] of this.#blocks.entries()) {
      if (left <= block.points) return { index, unitsBefore, points: left }
      left -= block.points
      unitsBefore += block.text.length
    }
    return { index: 0, unitsBefore: 0, points: 0 }
  }

  #remove(start: number, atUnit: number, atPoint: number, removePoints: number): number {
    let left = removePoints
    let units = 0
    let index = start
    let from = atUnit
    let point = atPoint
    while (left > 0) {
      const block = this.#blocks[index] as Block
      const points = Math.min(left, block.points - point)
      const to = unitsOf(block, point + points)
      block.text = block.text.slice(0, from) + block.text.slice(to)
      block.points -= points
      units += to - from
      left -= points
      // The first block stays even when it is empty: an insertion may follow there.
      if (block.points === 0 && index !== start) this.#blocks.splice(index, 1)
      else index += 1
      from = 0
      point = 0
    }
    this.#points -= removePoints
    return units
  }

  #insert(index: number, atUnit: number, insert: string): void {
    this.#points += countPoints(insert)
    const block = this.#blocks[index]
    const text = block ? block.text.slice(0, atUnit) + insert + block.text.slice(atUnit) : insert
    if (block && text.length <= MAX_BLOCK_UNITS) {
      block.text = text
      block.points = countPoints(text)
      return
    }
    this.#blocks.splice(index, 1)
    this.#insertBlocks(index, text)
  }

  #insertBlocks(index: number, text: string): void {
    const blocks: Block[] = []
    let from = 0
    while (from < text.length) {
      let to = Math.min(text.length, from + MAX_BLOCK_UNITS / 2)
      // No block ends between the halves of a pair.
      if (to < text.length && isHighSurrogate(text.charCodeAt(to - 1))) to += 1
      const part = text.slice(from, to)
      blocks.push({ text: part, points: countPoints(part) })
      from = to
    }
    this.#blocks.splice(index, 0, ...blocks)
  }
}

function unitsOf(block: Block, points: number): number {
  if (block.points === block.text.length) return points
  let units = 0
  for (let point = 0; point < points; point += 1) units += (block.text.codePointAt(units) as number) > 0xffff ? 2 : 1
  return units
}

function countPoints(text: string): number {
  let points = 0
  for (let unit = 0; unit < text.length; unit += 1) {
    if ((text.codePointAt(unit) as number) > 0xffff) unit += 1
    points += 1
  }
  return points
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00
}
