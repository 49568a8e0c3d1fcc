/**
 * JSON as tokens and token requests use it, and no more: whole numbers, well-formed text, no member named twice, little
 * nesting, nothing around the value. One pass, so that a hostile text costs what its length costs. `JSON.parse` keeps the
 * last of two equal members and reads `1e400` as infinity; both have let forged tokens through elsewhere. Rule AU1.
 *
 * @module
 */

/** Objects are maps: a member named `__proto__` is a member like any other. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject
export type JsonObject = ReadonlyMap<string, JsonValue>

/** Deepest nesting that is read; a token needs 2, a key set 4. */
const MAX_DEPTH = 8

const NUMBER = /-?(?:0|[1-9][0-9]{0,15})/y
const LONE_SURROGATE = /\p{Surrogate}/u

/** True for a JSON object. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return value instanceof Map
}

/** True when the object has every required member, and no member beyond those and the optional ones. */
export function hasExactly(
  members: JsonObject,
  required: readonly string[],
  optional: readonly string[] = [],
): boolean {
  if (!required.every((name) => members.has(name))) return false
  return [...members.keys()].every((name) => required.includes(name) || optional.includes(name))
}

/**
 * The value of `text`, or `undefined` when it is not strict JSON: space or a byte order mark around it, a member twice
 * (also when one is spelt with escapes), a number that is no safe integer, a lone surrogate, nesting beyond 8. Never throws.
 */
export function parseStrictJson(text: string): JsonValue | undefined {
  const scanner = new Scanner(text)
  if (text.length === 0 || isSpace(text.charCodeAt(0)) || isSpace(text.charCodeAt(text.length - 1))) return undefined
  const value = scanner.readValue(0)
  return scanner.isAtEnd() ? value : undefined
}

/** The same for bytes, which must be well-formed UTF-8. */
export function parseStrictJsonBytes(bytes: Uint8Array): JsonValue | undefined {
  try {
    return parseStrictJson(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch {
    return undefined
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d
}

/** A cursor over the text. Every reader answers `undefined` for what it refuses, and the refusal travels up. */
class Scanner {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  isAtEnd(): boolean {
    return this.#at === this.#text.length
  }

  readValue(depth: number): JsonValue | undefined {
    if (depth > MAX_DEPTH) return undefined
    switch (this.#text[this.#at]) {
      case '{':
        return this.#readObject(depth)
      case '[':
        return this.#readArray(depth)
      case '"':
        return this.#readString()
      case 't':
        return this.#take('true') ? true : undefined
      case 'f':
        return this.#take('false') ? false : undefined
      case 'n':
        return this.#take('null') ? null : undefined
      default:
        return this.#readNumber()
    }
  }

  #readObject(depth: number): JsonObject | undefined {
    const members = new Map<string, JsonValue>()
    this.#at++
    if (this.#takeAfterSpace('}')) return members
    for (;;) {
      this.#skipSpace()
      const name = this.#readString()
      if (name === undefined || members.has(name) || !this.#takeAfterSpace(':')) return undefined
      this.#skipSpace()
      const value = this.readValue(depth + 1)
      if (value === undefined) return undefined
      members.set(name, value)
      if (this.#takeAfterSpace('}')) return members
      if (!this.#takeAfterSpace(',')) return undefined
    }
  }

  #readArray(depth: number): readonly JsonValue[] | undefined {
    const items: JsonValue[] = []
    this.#at++
    if (this.#takeAfterSpace(']')) return items
    for (;;) {
      this.#skipSpace()
      const value = this.readValue(depth + 1)
      if (value === undefined) return undefined
      items.push(value)
      if (this.#takeAfterSpace(']')) return items
      if (!this.#takeAfterSpace(',')) return undefined
    }
  }

  #readString(): string | undefined {
    const start = this.#at
    if (this.#text[start] !== '"') return undefined
    for (let at = start + 1; at < this.#text.length; at++) {
      const code = this.#text.charCodeAt(at)
      if (code === 0x5c) at++
      else if (code < 0x20) return undefined
      else if (code === 0x22) {
        this.#at = at + 1
        return decodeString(this.#text.slice(start, at + 1))
      }
    }
    return undefined
  }

  #readNumber(): number | undefined {
    NUMBER.lastIndex = this.#at
    const digits = NUMBER.exec(this.#text)?.[0]
    if (digits === undefined) return undefined
    this.#at += digits.length
    const value = Number(digits)
    return Number.isSafeInteger(value) ? value : undefined
  }

  #take(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false
    this.#at += word.length
    return true
  }

  #takeAfterSpace(word: string): boolean {
    this.#skipSpace()
    return this.#take(word)
  }

  #skipSpace(): void {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at++
  }
}

/** A quoted string's text; its escapes are JSON's own business. */
function decodeString(quoted: string): string | undefined {
  try {
    const text = JSON.parse(quoted) as string
    return LONE_SURROGATE.test(text) ? undefined : text
  } catch {
    return undefined
  }
}
