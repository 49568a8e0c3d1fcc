/**
 * The processor time of this process: what something costs, whatever else the machine has to do meanwhile.
 *
 * @module
 */

/** Starts a clock; gives how many milliseconds of processor time this process, its threads included, has used since. */
export function startCpuClock(): () => number {
  const before = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1_000
  }
}
