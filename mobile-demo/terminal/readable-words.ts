/**
 * How many words of a note can be read in some bytes: the same count for the note itself and for what the relay has on its disk.
 *
 * @module
 */

/** Shorter ones stand in random bytes by chance: four letters once in four thousand million places. */
const MIN_LETTERS = 4

/** The words of a text that are worth looking for, each once. */
export function wordsOf(text: string): readonly string[] {
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? []
  return [...new Set(words)].filter((word) => word.length >= MIN_LETTERS)
}

/** How many of `words` occur in `bytes`, as UTF-8 or UTF-16, in small or capital letters. */
export function countReadableWords(words: readonly string[], bytes: Uint8Array): number {
  const asUtf8 = new TextDecoder().decode(bytes).toLowerCase()
  const utf16 = new TextDecoder('utf-16le')
  const asUtf16 = [0, 1].map((start) => utf16.decode(bytes.subarray(start)).toLowerCase())
  return words.filter((word) => asUtf8.includes(word) || asUtf16.some((text) => text.includes(word))).length
}
