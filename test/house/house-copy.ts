/**
 * A small copy of the house in a temporary folder: the real compiler projects, package files and lint configuration
 * over nearly empty rooms, so that a rule can be broken on purpose without touching anybody's source.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const COPIED = [
  '.gitignore',
  '.oxlintrc.json',
  'package.json',
  'tsconfig.json',
  'client/node/tsconfig.json',
  'client/react/tsconfig.json',
  'client/tiptap/tsconfig.json',
  'client/package.json',
  'client/tsconfig.json',
  'server/core/tsconfig.json',
  'server/package.json',
  'server/tsconfig.json',
  'shared/package.json',
  'shared/sealing/tsconfig.json',
  'shared/tsconfig.json',
]

/** The least that each room holds; every import that stands here is an allowed one. */
const ROOMS: Readonly<Record<string, string>> = {
  'shared/index.ts': `export { PUBLIC } from './wire/public.ts'\n`,
  'shared/wire/public.ts': `export const PUBLIC = 1\n`,
  'shared/sealing/index.ts': `import { PUBLIC } from '../wire/public.ts'\nexport const SECRET: number = PUBLIC + 1\n`,
  'client/index.ts': `import { PUBLIC } from '@y-sealed/protocol'\nimport { SECRET } from '@y-sealed/protocol/sealing'\nexport const BOTH: number = PUBLIC + SECRET\n`,
  'client/node/index.ts': `import { sep } from 'node:path'\nimport { BOTH } from '../index.ts'\nexport const NODE: string = sep + String(BOTH)\n`,
  'client/react/index.ts': `import { useState } from 'react'\nimport { BOTH } from '../index.ts'\nexport const HOOK: number = BOTH + useState.length\n`,
  'client/tiptap/index.ts': `import { Extension } from '@tiptap/core'\nimport { BOTH } from '../index.ts'\nexport const CARETS: string = Extension.name + String(BOTH)\n`,
  'server/core/ports.ts': `import { PUBLIC } from '@y-sealed/protocol'\nexport const PORT: number = PUBLIC\n`,
  'server/core/room.ts': `export const ROOM = 1\n`,
  'server/auth/index.ts': `export const AUTH = 1\n`,
  'server/store/index.ts': `import { sep } from 'node:path'\nimport { PORT } from '../core/ports.ts'\nexport const STORE: string = sep + String(PORT)\n`,
  'server/index.ts': `import { ROOM } from './core/room.ts'\nimport { AUTH } from './auth/index.ts'\nimport { STORE } from './store/index.ts'\nexport const RELAY: string = STORE + String(ROOM + AUTH)\n`,
  'mobile-demo/main.ts': `import { BOTH } from '@y-sealed/client'\nimport { NODE } from '@y-sealed/client/node'\nimport { RELAY } from '@y-sealed/relay'\nexport const DEMO: string = RELAY + NODE + String(BOTH)\n`,
  'test/support/any.ts': `export const ANY = 1\n`,
}

/** One complaint of the linter. */
export interface Complaint {
  readonly file: string
  readonly rule: string
}

/** A copy of the house that can be broken. */
export interface HouseCopy {
  /** Runs the compiler with these files added; returns its messages, which are none when everything is allowed. */
  readonly compileWith: (files: Readonly<Record<string, string>>) => string
  /** Runs the linter, type-aware, over these files and the rooms. */
  readonly lintWith: (files: Readonly<Record<string, string>>) => readonly Complaint[]
  readonly close: () => void
}

function writeAll(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
}

/** The installed packages by link, except ours, which are the copy's own rooms. */
function linkPackages(folder: string): void {
  mkdirSync(join(folder, 'node_modules/@y-sealed'), { recursive: true })
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (name !== '@y-sealed') symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name))
  }
  symlinkSync(join(folder, 'shared'), join(folder, 'node_modules/@y-sealed/protocol'))
  symlinkSync(join(folder, 'client'), join(folder, 'node_modules/@y-sealed/client'))
  symlinkSync(join(folder, 'server'), join(folder, 'node_modules/@y-sealed/relay'))
}

function runTool(folder: string, ...parameters: readonly string[]): string {
  const { stdout, stderr, error } = spawnSync(process.execPath, parameters, { cwd: folder, encoding: 'utf8' })
  if (error !== undefined) throw error
  return stdout + stderr
}

interface LintReport {
  readonly diagnostics: readonly { readonly filename: string; readonly code: string }[]
}

/** Makes a copy; `close` removes it. */
export function openHouseCopy(): HouseCopy {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'y-sealed-house-')))
  writeAll(folder, ROOMS)
  for (const path of COPIED) copyFileSync(join(ROOT, path), join(folder, path))
  linkPackages(folder)

  const withFiles = <T>(files: Readonly<Record<string, string>>, run: () => T): T => {
    writeAll(folder, files)
    try {
      return run()
    } finally {
      for (const path of Object.keys(files)) rmSync(join(folder, path))
      writeAll(folder, ROOMS)
    }
  }

  return {
    compileWith: (files) =>
      withFiles(files, () => runTool(folder, join(ROOT, 'node_modules/typescript/bin/tsc'), '-b', '--pretty', 'false')),
    lintWith: (files) =>
      withFiles(files, () => {
        const output = runTool(
          folder,
          join(ROOT, 'node_modules/oxlint/bin/oxlint'),
          '--type-aware',
          '--format=json',
          'shared',
          'client',
          'server',
          'mobile-demo',
          'test',
        )
        const report = JSON.parse(output.slice(output.indexOf('{'))) as LintReport
        return report.diagnostics.map(({ filename, code }) => ({ file: filename, rule: code }))
      }),
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}
