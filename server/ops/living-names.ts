/**
 * The names of a relay whose addresses may change while it runs: lists that are filled anew in their places, so that whoever holds one always
 * asks the newest. Rules AU5, AU9.
 *
 * @module
 */
import type { Clock } from '../core/ports.ts'

/** What follows from the addresses of a machine. */
export interface Names {
  /** Names that a development certificate bears. */
  readonly hosts: readonly string[]
  /** [AU5] */
  readonly audiences: readonly string[]
  /** [AU9] */
  readonly origins: readonly string[]
}

export interface LivingNamesOptions {
  /** The names as they are to be now. */
  readonly read: () => Names
  /** They have become others. */
  readonly onChange: () => void
  readonly clock: Clock
}

export interface LivingNames extends Names {
  close(): void
}

/** Systems tell programs of new addresses in ways of their own, and none of them through Node. */
const LOOK_MS = 2_000

/** Names that follow {@link LivingNamesOptions.read}, looked at every two seconds until they are closed. */
export function followNames(first: Names, { read, onChange, clock }: LivingNamesOptions): LivingNames {
  const names = { hosts: [...first.hosts], audiences: [...first.audiences], origins: [...first.origins] }
  let cancel = clock.after(LOOK_MS, look)

  function look(): void {
    cancel = clock.after(LOOK_MS, look)
    const next = read()
    if (isSame(names, next)) return
    names.hosts.splice(0, Infinity, ...next.hosts)
    names.audiences.splice(0, Infinity, ...next.audiences)
    names.origins.splice(0, Infinity, ...next.origins)
    onChange()
  }

  return {
    ...names,
    close: () => cancel(),
  }
}

function isSame(one: Names, other: Names): boolean {
  return (
    one.hosts.join() === other.hosts.join() &&
    one.audiences.join() === other.audiences.join() &&
    one.origins.join() === other.origins.join()
  )
}
