/**
 * What a process has cost so far, read from `/proc`: nothing is asked of the process itself.
 *
 * @module
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

/** `sysconf(_SC_CLK_TCK)` of every Linux that Node runs on. */
const TICKS_A_SECOND = 100

/**
 * CPU time of all threads in microseconds. The scheduler's own count is in nanoseconds; where the kernel does not offer it, `stat` has
 * it in hundredths of a second.
 */
export function readCpuUs(pid: number): number {
  try {
    let ns = 0
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
    }
    return ns / 1000
  } catch {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in brackets may hold spaces.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return ((Number(fields[11]) + Number(fields[12])) * 1_000_000) / TICKS_A_SECOND
  }
}

/** Resident memory in bytes. */
export function readMemoryBytes(pid: number): number {
  return readStatusBytes(pid, 'VmRSS')
}

/** The most resident memory that it ever had, or since {@link forgetPeak}. */
export function readPeakBytes(pid: number): number {
  return readStatusBytes(pid, 'VmHWM')
}

/** From now on the kernel notes the peak anew. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

function readStatusBytes(pid: number, name: 'VmRSS' | 'VmHWM'): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(match?.[1] ?? Number.NaN) * 1024
}
