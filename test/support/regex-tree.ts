/**
 * A regular expression of JavaScript as a tree of what consumes characters. What it cannot read it refuses with `SyntaxError`: a pattern
 * that nobody has looked at is none that is known to be good.
 *
 * @module
 */

/** Code points, both ends included, ascending and apart. */
export type CharSet = readonly (readonly [number, number])[]

export type RegexTree =
  | { readonly type: 'set'; readonly set: CharSet }
  | { readonly type: 'sequence' | 'choice'; readonly parts: readonly RegexTree[] }
  | { readonly type: 'repeat'; readonly part: RegexTree; readonly least: number; readonly most: number }

const LAST = 0x10_ff_ff
const EMPTY: RegexTree = { type: 'sequence', parts: [] }

const DIGITS: CharSet = [[48, 57]]
const WORD: CharSet = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
]
const SPACE: CharSet = [
  [9, 13],
  [32, 32],
  [160, 160],
  [0x16_80, 0x16_80],
  [0x20_00, 0x20_0a],
  [0x20_28, 0x20_29],
  [0x20_2f, 0x20_2f],
  [0x20_5f, 0x20_5f],
  [0x30_00, 0x30_00],
  [0xfe_ff, 0xfe_ff],
]
const LINE_ENDS: CharSet = [
  [10, 10],
  [13, 13],
  [0x20_28, 0x20_29],
]
const ESCAPED: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, v: 11, f: 12, '0': 0, b: 8 }

/** In order, without overlap. */
function joinSets(...sets: readonly CharSet[]): CharSet {
  const joined: [number, number][] = []
  for (const [from, to] of sets.flat().sort((a, b) => a[0] - b[0])) {
    const last = joined.at(-1)
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to)
    else joined.push([from, to])
  }
  return joined
}

function invertSet(set: CharSet): CharSet {
  const inverted: [number, number][] = []
  let next = 0
  for (const [from, to] of set) {
    if (from > next) inverted.push([next, from - 1])
    next = to + 1
  }
  if (next <= LAST) inverted.push([next, LAST])
  return inverted
}

/** Is there a character that both take? */
export function doSetsMeet(a: CharSet, b: CharSet): boolean {
  return a.some(([from, to]) => b.some(([start, end]) => from <= end && start <= to))
}

/** ASCII letters in both cases: enough to see that two sets meet. */
function foldCase(set: CharSet): CharSet {
  const moved = set.flatMap(([from, to]): (readonly [number, number])[] => {
    const upper = [Math.max(from, 65), Math.min(to, 90)] as const
    const lower = [Math.max(from, 97), Math.min(to, 122)] as const
    return [
      ...(upper[0] <= upper[1] ? [[upper[0] + 32, upper[1] + 32] as const] : []),
      ...(lower[0] <= lower[1] ? [[lower[0] - 32, lower[1] - 32] as const] : []),
    ]
  })
  return joinSets(set, moved)
}

/** Reads a pattern. Lookarounds consume nothing: what stands in them is given to `also`, to be looked at by itself. */
export function readRegex(pattern: string, flags: string, also: (tree: RegexTree) => void): RegexTree {
  if (flags.includes('v')) throw new SyntaxError('flag v is not read here')
  const chars = [...pattern]
  const isFolding = flags.includes('i')
  let at = 0

  const refuse = (what: string): never => {
    throw new SyntaxError(`${what} is not read here, at ${at} of /${pattern}/`)
  }
  const setNode = (set: CharSet): RegexTree => ({ type: 'set', set: isFolding ? foldCase(set) : set })
  const take = (text: string): boolean => {
    const isThere = chars.slice(at, at + text.length).join('') === text
    if (isThere) at += text.length
    return isThere
  }
  const takeUntil = (end: string): string => {
    let taken = ''
    while (at < chars.length && chars[at] !== end) taken += chars[at++] as string
    at++
    return taken
  }

  function readChoice(): RegexTree {
    const parts = [readSequence()]
    while (take('|')) parts.push(readSequence())
    return parts.length === 1 ? (parts[0] as RegexTree) : { type: 'choice', parts }
  }

  function readSequence(): RegexTree {
    const parts: RegexTree[] = []
    while (at < chars.length && chars[at] !== '|' && chars[at] !== ')') parts.push(readRepeat(readAtom()))
    return { type: 'sequence', parts }
  }

  function readRepeat(part: RegexTree): RegexTree {
    const [least, most] = readCount()
    if (least === 1 && most === 1) return part
    take('?')
    return { type: 'repeat', part, least, most }
  }

  function readCount(): readonly [number, number] {
    if (take('*')) return [0, Infinity]
    if (take('+')) return [1, Infinity]
    if (take('?')) return [0, 1]
    const braces = /^\{(\d+)(,?)(\d*)\}/.exec(chars.slice(at, at + 24).join(''))
    if (braces === null) return [1, 1]
    const [text, least = '', comma, most = ''] = braces
    at += text.length
    return [Number(least), comma === '' ? Number(least) : most === '' ? Infinity : Number(most)]
  }

  function readGroup(): RegexTree {
    const looksAround = take('?=') || take('?!') || take('?<=') || take('?<!')
    if (!looksAround && !take('?:') && take('?<')) takeUntil('>')
    if (!looksAround && chars[at] === '?') refuse('this group')
    const inner = readChoice()
    if (!take(')')) refuse('a group without end')
    if (!looksAround) return inner
    also(inner)
    return EMPTY
  }

  function readAtom(): RegexTree {
    if (take('(')) return readGroup()
    if (take('[')) return setNode(readClass())
    if (take('^') || take('$')) return EMPTY
    if (take('.')) return setNode(flags.includes('s') ? [[0, LAST]] : invertSet(LINE_ENDS))
    if (!take('\\')) return setNode(single(chars[at++] as string))
    if (chars[at] === 'b' || chars[at] === 'B') {
      at++
      return EMPTY
    }
    return setNode(readEscape())
  }

  function readClass(): CharSet {
    const isInverted = take('^')
    const sets: CharSet[] = []
    while (at < chars.length && !take(']')) {
      const from = readMember()
      const isRange = chars[at] === '-' && chars[at + 1] !== ']' && from.length === 1
      if (!isRange) {
        sets.push(from)
        continue
      }
      at++
      const to = readMember()
      sets.push([[from[0]?.[0] ?? 0, to[0]?.[1] ?? LAST]])
    }
    const set = joinSets(...sets)
    return isInverted ? invertSet(isFolding ? foldCase(set) : set) : set
  }

  function readMember(): CharSet {
    return take('\\') ? readEscape() : single(chars[at++] as string)
  }

  function readEscape(): CharSet {
    const char = chars[at++] as string
    const classes: Readonly<Record<string, CharSet>> = { d: DIGITS, w: WORD, s: SPACE }
    const set = classes[char.toLowerCase()]
    if (set !== undefined) return char === char.toLowerCase() ? set : invertSet(set)
    if (char === 'u' && take('{')) return point(Number.parseInt(takeUntil('}'), 16))
    if (char === 'u' || char === 'x') return point(Number.parseInt(takeSome(char === 'u' ? 4 : 2), 16))
    // By property: anything, which is more than it is.
    if ((char === 'p' || char === 'P') && take('{')) {
      takeUntil('}')
      return [[0, LAST]]
    }
    if (/[1-9kc]/.test(char)) refuse(`\\${char}`)
    return point(ESCAPED[char] ?? (char.codePointAt(0) as number))
  }

  function takeSome(count: number): string {
    at += count
    return chars.slice(at - count, at).join('')
  }

  const tree = readChoice()
  if (at < chars.length) refuse('what is left')
  return tree
}

function point(code: number): CharSet {
  return [[code, code]]
}

function single(char: string): CharSet {
  return point(char.codePointAt(0) as number)
}
