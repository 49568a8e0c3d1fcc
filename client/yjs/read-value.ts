/**
 * Walks over one value as lib0 writes it (`writeAny`) without building it. Rule CL3 (a), (h).
 *
 * What it refuses beyond lib0: nesting that would overflow a stack somewhere, and the key `__proto__`, which would be a
 * prototype in the replicas that read the update and gone in those that read a snapshot made by them.
 *
 * @module
 */
import * as decoding from 'lib0/decoding'
import { UpdateFault } from './update-fault.ts'
import { MAX_VALUE_NESTING } from './update-limits.ts'

/** Moves `decoder` past one value. Throws `UpdateFault`, or whatever lib0 throws at the end of the bytes. */
export function skipValue(decoder: decoding.Decoder, depth = 0): void {
  switch (decoding.readUint8(decoder)) {
    case 127: // undefined
    case 126: // null
    case 121: // false
    case 120: // true
      return
    case 125:
      // lib0 reads a lone byte of an integer past the end as 0.
      if (!decoding.hasContent(decoder)) throw new UpdateFault('undecodable')
      decoding.readVarInt(decoder)
      return
    case 124:
      decoding.readUint8Array(decoder, 4)
      return
    case 123: // float64
    case 122: // bigint
      decoding.readUint8Array(decoder, 8)
      return
    case 119:
      decoding.readVarString(decoder)
      return
    case 118:
      readKeys(decoder, depth)
      return
    case 117: {
      if (depth >= MAX_VALUE_NESTING) throw new UpdateFault('nesting')
      const count = decoding.readVarUint(decoder)
      // Each value takes a byte at least, so a false count ends at the end of the bytes.
      for (let i = 0; i < count; i++) skipValue(decoder, depth + 1)
      return
    }
    case 116:
      decoding.readVarUint8Array(decoder)
      return
    default:
      throw new UpdateFault('undecodable')
  }
}

/** The keys of the object at `decoder`, which it moves past. Throws as {@link skipValue}, and for what is no object. */
export function readObjectKeys(decoder: decoding.Decoder, allow: (key: string, tag: number) => boolean): void {
  if (decoding.readUint8(decoder) !== 118) throw new UpdateFault('content')
  readKeys(decoder, 0, allow)
}

function readKeys(decoder: decoding.Decoder, depth: number, allow?: (key: string, tag: number) => boolean): void {
  if (depth >= MAX_VALUE_NESTING) throw new UpdateFault('nesting')
  const count = decoding.readVarUint(decoder)
  for (let i = 0; i < count; i++) {
    const key = decoding.readVarString(decoder)
    if (key === '__proto__') throw new UpdateFault('content')
    if (allow && !allow(key, decoding.peekUint8(decoder))) throw new UpdateFault('content')
    skipValue(decoder, depth + 1)
  }
}

/** Checks one text of the older JSON content: that it parses, and is not too deep. Throws `UpdateFault`. */
export function checkJson(text: string): void {
  if (text === 'undefined') return
  let depth = 0
  let quoted = false
  // Before parsing, which recurses in some engines.
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (quoted) {
      if (character === '\\') i++
      else if (character === '"') quoted = false
    } else if (character === '"') quoted = true
    else if (character === '[' || character === '{') {
      if (++depth > MAX_VALUE_NESTING) throw new UpdateFault('nesting')
    } else if (character === ']' || character === '}') depth--
  }
  JSON.parse(text)
}
