/**
 * How long a regular expression can take to say no. A backtracking engine tries every way in which a text may be read, so what counts is
 * whether one text has many: exponentially many when a loop can read a word in two ways and be back, polynomially many when two loops
 * that follow one another can both read it (Weber and Seidl, "On the degree of ambiguity of finite automata", 1991). Where the search
 * may begin anywhere, that alone multiplies by the length; it is not asked here.
 *
 * @module
 */
import { doSetsMeet, readRegex, type CharSet, type RegexTree } from './regex-tree.ts'

export type RegexCost = 'linear' | 'polynomial' | 'exponential'

/** Repetitions beyond so many are taken for ones without end. */
const MOST_COPIES = 4
/** States beyond which triples are too many to look at. */
const MOST_STATES = 80

/** The automaton of positions (Glushkov): a state for each place that takes a character, an edge for each way from one to the next. */
interface Automaton {
  readonly sets: CharSet[]
  readonly edges: number[][]
}

/** What of a part can begin and end it, with each way counted. */
interface Ends {
  readonly first: readonly number[]
  readonly last: readonly number[]
  readonly isNullable: boolean
}

const NOTHING: Ends = { first: [], last: [], isNullable: true }

/** The cost of a pattern. Throws `SyntaxError` for one that cannot be judged. */
export function costOfRegex(pattern: string, flags = ''): RegexCost {
  const others: RegexTree[] = []
  const trees = [readRegex(pattern, flags, (tree) => others.push(tree))]
  const costs = [...trees, ...others].map((tree) => costOfTree(tree))
  return (['exponential', 'polynomial'] as const).find((cost) => costs.includes(cost)) ?? 'linear'
}

function costOfTree(tree: RegexTree): RegexCost {
  const automaton: Automaton = { sets: [], edges: [] }
  build(automaton, tree)
  if (automaton.sets.length > MOST_STATES) throw new SyntaxError(`${automaton.sets.length} states are too many`)
  if (isExponential(automaton)) return 'exponential'
  return isPolynomial(automaton) ? 'polynomial' : 'linear'
}

function build(automaton: Automaton, tree: RegexTree): Ends {
  switch (tree.type) {
    case 'set': {
      const state = automaton.sets.push(tree.set) - 1
      automaton.edges.push([])
      return { first: [state], last: [state], isNullable: false }
    }
    case 'choice': {
      const ends = tree.parts.map((part) => build(automaton, part))
      return {
        first: ends.flatMap(({ first }) => first),
        last: ends.flatMap(({ last }) => last),
        isNullable: ends.some(({ isNullable }) => isNullable),
      }
    }
    case 'sequence':
      return tree.parts.reduce((ends, part) => follow(automaton, ends, build(automaton, part)), NOTHING)
    case 'repeat':
      break
  }
  return repeat(automaton, tree)
}

function follow({ edges }: Automaton, before: Ends, after: Ends): Ends {
  for (const from of before.last) edges[from]?.push(...after.first)
  return {
    first: before.isNullable ? [...before.first, ...after.first] : before.first,
    last: after.isNullable ? [...before.last, ...after.last] : after.last,
    isNullable: before.isNullable && after.isNullable,
  }
}

function repeat(automaton: Automaton, { part, least, most }: Extract<RegexTree, { readonly type: 'repeat' }>): Ends {
  const isBounded = most <= MOST_COPIES
  let ends = NOTHING
  for (let i = 0; i < Math.min(least, MOST_COPIES); i++) {
    const copy = build(automaton, part)
    // The last of those that must be is the one that may come again.
    if (!isBounded && i + 1 === Math.min(least, MOST_COPIES)) follow(automaton, copy, copy)
    ends = follow(automaton, ends, copy)
  }
  if (!isBounded && least > 0) return ends
  if (!isBounded) {
    const copy = build(automaton, part)
    follow(automaton, copy, copy)
    return { ...copy, isNullable: true }
  }
  for (let i = least; i < most; i++) ends = follow(automaton, ends, { ...build(automaton, part), isNullable: true })
  return ends
}

/** A loop reads a word in two ways: two edges alike on a cycle, or a pair of equals that parts and meets again. */
function isExponential({ sets, edges }: Automaton): boolean {
  const reach = closeOver(edges.map((targets) => new Set(targets)))
  const isDoubled = edges.some((targets, from) =>
    targets.some((to, i) => targets.indexOf(to) !== i && reach[to]?.has(from)),
  )
  if (isDoubled) return true
  const count = sets.length
  const pairs = productOf({ sets, edges }, 2)
  for (let state = 0; state < count; state++) {
    const there = walk(pairs, state * count + state)
    for (const pair of there) {
      if (Math.trunc(pair / count) !== pair % count && walk(pairs, pair).has(state * count + state)) return true
    }
  }
  return false
}

/** Two loops, one behind the other, read the same word, and so does the way between them. */
function isPolynomial(automaton: Automaton): boolean {
  const count = automaton.sets.length
  const looping = closeOver(automaton.edges.map((targets) => new Set(targets)))
  const triples = productOf(automaton, 3)
  for (let p = 0; p < count; p++) {
    for (const q of looping[p] ?? []) {
      if (p === q || looping[p]?.has(p) !== true || looping[q]?.has(q) !== true) continue
      const goal = (p * count + q) * count + q
      if (walk(triples, (p * count + p) * count + q).has(goal)) return true
    }
  }
  return false
}

/** Steps of several readers of one text, each at a state of its own; as numbers in the base of the states' count. */
function productOf({ sets, edges }: Automaton, readers: 2 | 3): (tuple: number) => readonly number[] {
  const count = sets.length
  const meets = sets.map((set) => sets.map((other) => doSetsMeet(set, other)))
  const targetsOf = (state: number): readonly number[] => [...new Set(edges[state])]
  return (tuple) => {
    const states = Array.from({ length: readers }, (_, i) => Math.trunc(tuple / count ** (readers - 1 - i)) % count)
    let steps: number[][] = [[]]
    for (const state of states) {
      const targets = targetsOf(state)
      steps = steps.flatMap((taken) =>
        targets.filter((to) => taken.every((other) => meets[to]?.[other])).map((to) => [...taken, to]),
      )
    }
    return steps.map((step) => step.reduce((sum, state) => sum * count + state, 0))
  }
}

/** What can be reached in one step or more. */
function walk(next: (node: number) => readonly number[], start: number): ReadonlySet<number> {
  const seen = new Set<number>()
  const waiting = [start]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    for (const target of next(node)) {
      if (seen.has(target)) continue
      seen.add(target)
      waiting.push(target)
    }
  }
  return seen
}

function closeOver(edges: readonly ReadonlySet<number>[]): readonly ReadonlySet<number>[] {
  return edges.map((_, state) => walk((node) => [...(edges[node] ?? [])], state))
}
