/**
 * A set or map on the wire: rows `key ‖ value` of fixed size, strictly ascending by key, read where they stand. One array for all
 * of them, so that a list from outside costs no more memory than it has bytes. Rule WI4.
 *
 * @module
 */
import { compareBytes, type Bytes } from '../bytes.ts'
import type { Reader } from './reader.ts'

/** The size of one row. */
export interface RowShape {
  readonly keyBytes: number
  readonly valueBytes: number
}

/** One row: its key, and its value (empty in a set). Views. */
export type Row = readonly [key: Bytes, value: Bytes]

/** Rows ascending by key, none twice. Made by {@link packRows} and {@link readRows} alone. */
export class SortedRows implements Iterable<Row> {
  /** All rows, one after another. */
  readonly bytes: Bytes
  readonly #keyBytes: number
  readonly #rowBytes: number

  constructor(bytes: Bytes, { keyBytes, valueBytes }: RowShape) {
    this.bytes = bytes
    this.#keyBytes = keyBytes
    this.#rowBytes = keyBytes + valueBytes
  }

  /** How many rows. */
  get length(): number {
    return this.bytes.length / this.#rowBytes
  }

  /** Key of row `i`, a view. */
  key(i: number): Bytes {
    return this.bytes.subarray(i * this.#rowBytes, i * this.#rowBytes + this.#keyBytes)
  }

  /** Value of row `i`, a view. */
  value(i: number): Bytes {
    return this.bytes.subarray(i * this.#rowBytes + this.#keyBytes, (i + 1) * this.#rowBytes)
  }

  /** The value that stands under `key`, or `null`. */
  find(key: Bytes): Bytes | null {
    let low = 0
    let high = this.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const order = compareBytes(this.key(middle), key)
      if (order === 0) return this.value(middle)
      if (order < 0) low = middle + 1
      else high = middle
    }
    return null
  }

  /** True when a row has this key. */
  has(key: Bytes): boolean {
    return this.find(key) !== null
  }

  *[Symbol.iterator](): Generator<Row> {
    for (let i = 0; i < this.length; i++) yield [this.key(i), this.value(i)]
  }
}

function isAscending(bytes: Bytes, { keyBytes, valueBytes }: RowShape): boolean {
  const rowBytes = keyBytes + valueBytes
  for (let at = rowBytes; at < bytes.length; at += rowBytes) {
    let i = 0
    while (i < keyBytes && bytes[at + i] === bytes[at - rowBytes + i]) i += 1
    if (i === keyBytes || (bytes[at + i] as number) < (bytes[at - rowBytes + i] as number)) return false
  }
  return true
}

/** Reads `count` rows; faults with `order` unless they ascend strictly. [WI4] */
export function readRows(reader: Reader, shape: RowShape, count: number): SortedRows {
  const bytes = reader.fixed(count * (shape.keyBytes + shape.valueBytes))
  reader.require(isAscending(bytes, shape), 'order')
  return new SortedRows(bytes, shape)
}

/** Sorts rows by key and packs them. Throws `TypeError` for a wrong length and `RangeError` for a key that comes twice. */
export function packRows(shape: RowShape, rows: Iterable<Row>): SortedRows {
  const sorted = [...rows].sort(([a], [b]) => compareBytes(a, b))
  const rowBytes = shape.keyBytes + shape.valueBytes
  const bytes = new Uint8Array(sorted.length * rowBytes)
  for (const [i, [key, value]] of sorted.entries()) {
    if (key.length !== shape.keyBytes || value.length !== shape.valueBytes)
      throw new TypeError('a row has another size')
    bytes.set(key, i * rowBytes)
    bytes.set(value, i * rowBytes + shape.keyBytes)
  }
  if (!isAscending(bytes, shape)) throw new RangeError('a key comes twice')
  return new SortedRows(bytes, shape)
}
