/**
 * The computer that the process runs on, for {@link planTrust}.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

import type { Computer } from './trust.ts'

/** Programs run with the terminal of this process, so that `sudo` can ask for its password. */
export function thisComputer(): Computer {
  return {
    platform: process.platform,
    home: homedir(),
    isRoot: process.getuid?.() === 0,
    exists: existsSync,
    list(path) {
      try {
        return readdirSync(path)
      } catch {
        return []
      }
    },
    has: (program) => (process.env['PATH'] ?? '').split(delimiter).some((folder) => isProgram(join(folder, program))),
    run: (program, args) =>
      new Promise((resolve) => {
        const child = spawn(program, args, { stdio: 'inherit' })
        child.on('error', () => resolve(127))
        child.on('close', (code) => resolve(code ?? 1))
      }),
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
