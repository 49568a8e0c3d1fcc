/**
 * Mutation under coverage: inputs that reach a new branch are kept and changed further. Of every input it is checked that the decoder
 * returns, and that what it accepts encodes to the same bytes. [F22] [F23]
 *
 * @module
 */
import { bytesToHex, equalBytes, type Bytes } from '@y-sealed/protocol'

import type { Codec } from '../support/codecs.ts'
import { mutate } from '../support/mutate.ts'
import type { Random } from '../support/random.ts'
import type { BranchCoverage } from './coverage.ts'

/** Grows from the one to the other: at first much is new and must be told apart, later coverage would cost more than the inputs. */
const BATCH = { first: 250, most: 8_000 } as const
/** So few inputs are kept together: to tell them apart would cost more coverage than they are worth. */
const TOLD_APART = 4
/** No message is longer; the mutator grows inputs. */
const MAX_INPUT_BYTES = 140_000
/** How often an input takes foreign pieces from another decoder's corpus. */
const FOREIGN = 8

/** A wrong answer, and what to write into `regressions.ts`. */
export interface Failure {
  readonly codec: string
  readonly problem: string
  readonly input: string
}

/** What a run did. */
export interface FuzzReport {
  readonly executions: number
  readonly accepted: number
  readonly corpus: number
  readonly failures: readonly Failure[]
}

interface Input {
  readonly codec: Codec
  readonly bytes: Bytes
}

/** What is wrong with a decoder's answer to `bytes`, or `null`; `accepted` says whether it took them. */
export function checkInput({ codec, bytes }: Input): { readonly accepted: boolean; readonly problem: string | null } {
  try {
    const result = codec.recode(bytes)
    if (!result.ok) return { accepted: false, problem: null }
    return { accepted: true, problem: equalBytes(result.bytes, bytes) ? null : 'encodes to other bytes' }
  } catch (error) {
    return { accepted: false, problem: `throws ${String(error)}` }
  }
}

/** One run. Stops when `isOver` says so, which is asked between batches. */
export class Fuzzer {
  readonly #codecs: readonly Codec[]
  readonly #coverage: BranchCoverage
  readonly #random: Random
  readonly #corpora: Map<Codec, Bytes[]>
  readonly #failures: Failure[] = []
  #batch: number = BATCH.first
  #executions = 0
  #accepted = 0

  constructor(codecs: readonly Codec[], coverage: BranchCoverage, random: Random) {
    this.#codecs = codecs
    this.#coverage = coverage
    this.#random = random
    this.#corpora = new Map(codecs.map((codec) => [codec, [...codec.samples]]))
  }

  /** Inputs kept, by decoder. */
  get corpora(): ReadonlyMap<Codec, readonly Bytes[]> {
    return this.#corpora
  }

  run(isOver: (executions: number) => boolean): FuzzReport {
    this.#coverage.take()
    const seeds = this.#codecs.flatMap((codec) => codec.samples.map((bytes) => ({ codec, bytes })))
    for (const seed of seeds) this.#execute(seed)
    this.#coverage.add(this.#coverage.take())
    while (!isOver(this.#executions) && this.#failures.length === 0) this.#runBatch()
    return {
      executions: this.#executions,
      accepted: this.#accepted,
      corpus: [...this.#corpora.values()].reduce((sum, corpus) => sum + corpus.length, 0),
      failures: this.#failures,
    }
  }

  #runBatch(): void {
    const batch = Array.from({ length: this.#batch }, () => this.#createInput())
    for (const input of batch) this.#execute(input)
    if (this.#failures.length > 0) return
    if (this.#coverage.isNew(this.#coverage.take())) this.#keepNew(batch)
    else this.#batch = Math.min(2 * this.#batch, BATCH.most)
  }

  #createInput(): Input {
    const codec = this.#pick(this.#codecs)
    const donor = this.#random(FOREIGN) === 0 ? this.#pick(this.#codecs) : codec
    const bytes = mutate(this.#pick(this.#corpora.get(codec)!), this.#pick(this.#corpora.get(donor)!), this.#random)
    return { codec, bytes: bytes.length > MAX_INPUT_BYTES ? bytes.slice(0, MAX_INPUT_BYTES) : bytes }
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#random(items.length)]!
  }

  #execute(input: Input): void {
    this.#executions += 1
    const { accepted, problem } = checkInput(input)
    if (accepted) this.#accepted += 1
    if (problem === null) return
    this.#failures.push({ codec: input.codec.name, problem, input: bytesToHex(input.bytes) })
  }

  /** Halves a batch until few inputs are left that together reach something new. */
  #keepNew(batch: readonly Input[]): void {
    for (const { codec, bytes } of batch) codec.recode(bytes)
    const reached = this.#coverage.take()
    if (!this.#coverage.isNew(reached)) return
    if (batch.length > TOLD_APART) {
      this.#keepNew(batch.slice(0, batch.length >> 1))
      this.#keepNew(batch.slice(batch.length >> 1))
      return
    }
    this.#coverage.add(reached)
    for (const { codec, bytes } of batch) this.#corpora.get(codec)!.push(bytes)
  }
}
