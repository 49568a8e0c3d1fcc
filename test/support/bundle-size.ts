/**
 * What the client costs a page: bundled and minified as an app's build does it, and compressed as a server does.
 *
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, type Rolldown } from 'vite'

/** A part of the client as an app uses it. */
export interface BundlePart {
  readonly name: string
  /** An expression over `client`, which is the package's whole face: what is not named is to be left out. */
  readonly names: readonly string[]
  readonly from: '@y-sealed/client' | '@y-sealed/client/react' | '@y-sealed/client/tiptap'
  /** Packages that are not counted: the app has them anyway, or they are counted by themselves. */
  readonly without: readonly string[]
}

const YJS = ['yjs', 'y-protocols', 'lib0']
const EDITOR = ['react', '@tiptap/core', '@tiptap/pm', '@tiptap/y-tiptap']

export const BUNDLE_PARTS: readonly BundlePart[] = [
  {
    name: 'provider with a shared key, without libsodium',
    names: ['RelayConnection', 'SealedProvider', 'sharedKeyDocument', 'issuerTokens', 'loadDevice'],
    from: '@y-sealed/client',
    without: [...YJS, 'libsodium-wrappers'],
  },
  {
    name: 'provider with a shared key, with libsodium',
    names: ['RelayConnection', 'SealedProvider', 'sharedKeyDocument', 'issuerTokens', 'loadDevice'],
    from: '@y-sealed/client',
    without: YJS,
  },
  {
    name: 'documents with members and browser storage, without libsodium',
    names: ['SealedDocuments', 'openBrowserStorage'],
    from: '@y-sealed/client',
    without: [...YJS, 'libsodium-wrappers'],
  },
  {
    name: 'hooks for React, with the client that they need',
    names: ['useSyncStatus', 'usePresence'],
    from: '@y-sealed/client/react',
    without: [...YJS, ...EDITOR, 'libsodium-wrappers'],
  },
  {
    name: 'carets for Tiptap',
    names: ['remoteCarets'],
    from: '@y-sealed/client/tiptap',
    without: [...YJS, ...EDITOR, 'libsodium-wrappers'],
  },
  { name: 'one function (persistStorage)', names: ['persistStorage'], from: '@y-sealed/client', without: YJS },
]

/** Gzipped bytes of a part, as found from `folder`. */
export async function measureBundle(folder: string, { names, from, without }: BundlePart): Promise<number> {
  const place = mkdtempSync(join(folder, 'bundle-'))
  try {
    const entry = join(place, 'entry.js')
    writeFileSync(entry, `import { ${names.join(', ')} } from '${from}'\nglobalThis.used = [${names.join(', ')}]\n`)
    const isOutside = (id: string): boolean => without.some((name) => id === name || id.startsWith(`${name}/`))
    const built = (await build({
      root: place,
      configFile: false,
      logLevel: 'silent',
      build: {
        write: false,
        minify: true,
        lib: { entry, formats: ['es'] },
        rollupOptions: { external: isOutside },
      },
    })) as Rolldown.RolldownOutput[]
    const chunks = built.flatMap(({ output }) => output).filter((part) => part.type === 'chunk')
    return chunks.reduce((sum, { code }) => sum + gzipSync(code, { level: 9 }).length, 0)
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}
