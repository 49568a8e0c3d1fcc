/**
 * Projects over one tree of tests. `*.test.ts` runs under Node, those of `test/unit` in one process, those of the demo in one for each worker;
 * `*.browser.test.ts` in Chromium;
 * `*.universal.test.ts` in both, so that the same file proves the same bytes in each. The universal scenarios have a real
 * relay, started once.
 *
 * @module
 */
import { playwright } from '@vitest/browser-playwright'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

import { findWords } from './support/browser-commands.ts'
import { bundleWorkers } from './support/bundled-workers.ts'
import { BROWSER_HOME, BROWSER_PORT, CHROMIUM_FLAGS, findChromium } from './support/chromium.ts'

const chromium = findChromium()
if (chromium === undefined) {
  const message = 'Chromium is not installed: the browser suites cannot run'
  if (process.env['CI'] === 'true') throw new Error(message)
  console.warn(`\n!! ${message}; SKIPPING them.\n`)
}

const BUILD = fileURLToPath(new URL('support/build.ts', import.meta.url))
const GLOBAL_RELAY = fileURLToPath(new URL('support/global-relay.ts', import.meta.url))

/** The notes app in a browser that the tests drive. */
const DEMO = 'test/scenario/demo*.test.ts'

/** In tests the packages of this repository are their sources. */
// ('import' and 'default' hold by themselves; named, they would hold for CommonJS' require too.)
const conditions = ['source', 'module']

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  cacheDir: fileURLToPath(new URL('../node_modules/.vite', import.meta.url)),
  test: {
    // Two cores are the least that we promise to be tested on.
    maxWorkers: process.env['Y_SEALED_TEST_WORKERS'] ?? 2,
    // Against what never ends; no measure of anything. What has to be soon, a test says itself.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
    globalSetup: [BUILD],
    setupFiles: ['test/support/fuzz-setup.ts', 'test/support/patience-setup.ts'],
    env: { Y_SEALED_FUZZ: process.env['Y_SEALED_FUZZ'] ?? '1' },
    projects: [
      {
        extends: true,
        ssr: { resolve: { conditions: [...conditions, 'node'], externalConditions: ['source', 'node'] } },
        test: {
          name: 'unit',
          environment: 'node',
          include: ['test/unit/**/*.test.ts'],
          exclude: ['**/node_modules/**', 'test/**/*.browser.test.ts'],
          // One process after another would load the same modules for longer than the tests of a file take.
          isolate: false,
          restoreMocks: true,
          unstubGlobals: true,
          unstubEnvs: true,
        },
      },
      {
        extends: true,
        ssr: { resolve: { conditions: [...conditions, 'node'], externalConditions: ['source', 'node'] } },
        test: {
          name: 'demo',
          environment: 'node',
          include: [DEMO],
          // The host, the browser and what drives it are started once in each worker, not for each file.
          isolate: false,
          restoreMocks: true,
          unstubGlobals: true,
          unstubEnvs: true,
        },
      },
      {
        extends: true,
        ssr: { resolve: { conditions: [...conditions, 'node'], externalConditions: ['source', 'node'] } },
        test: {
          name: 'node',
          environment: 'node',
          include: ['test/**/*.test.ts'],
          exclude: [
            '**/node_modules/**',
            'test/unit/**',
            DEMO,
            'test/**/*.browser.test.ts',
            'test/scenario/*.universal.test.ts',
            'test/house/fixtures/**',
          ],
        },
      },
      {
        extends: true,
        ssr: { resolve: { conditions: [...conditions, 'node'], externalConditions: ['source', 'node'] } },
        test: {
          name: 'node-relay',
          environment: 'node',
          include: ['test/scenario/*.universal.test.ts'],
          globalSetup: [GLOBAL_RELAY],
        },
      },
      ...(chromium === undefined
        ? []
        : [
            {
              extends: true as const,
              plugins: [bundleWorkers([...conditions, 'browser'])],
              resolve: {
                conditions: [...conditions, 'browser'],
                dedupe: [
                  'yjs',
                  'lib0',
                  'y-protocols',
                  'react',
                  'prosemirror-model',
                  'prosemirror-state',
                  'prosemirror-view',
                ],
              },
              // Named here so that Vite does not discover them in the middle of a run and reload the page.
              optimizeDeps: {
                include: [
                  '@hocuspocus/provider',
                  '@tiptap/core',
                  '@tiptap/extension-collaboration',
                  '@tiptap/extension-document',
                  '@tiptap/extension-paragraph',
                  '@tiptap/extension-text',
                  '@tiptap/pm/state',
                  '@tiptap/y-tiptap',
                  '@blocknote/core',
                  '@codemirror/commands',
                  '@codemirror/state',
                  '@codemirror/view',
                  '@lexical/history',
                  '@lexical/rich-text',
                  '@lexical/yjs',
                  '@tiptap/react',
                  '@tiptap/starter-kit',
                  'lexical',
                  'prosemirror-commands',
                  'prosemirror-keymap',
                  'prosemirror-schema-basic',
                  'prosemirror-state',
                  'prosemirror-view',
                  'quill',
                  'quill-cursors',
                  'react/jsx-dev-runtime',
                  'y-codemirror.next',
                  'y-prosemirror',
                  'y-quill',
                  'fast-check',
                  'idb',
                  'lib0/broadcastchannel',
                  'lib0/decoding',
                  'lib0/encoding',
                  'lib0/function',
                  'lib0/hash/sha256',
                  'lib0/observable',
                  'libsodium-wrappers',
                  'react',
                  'react-dom/client',
                  'y-protocols/awareness',
                  'y-websocket',
                  'yjs',
                ],
              },
              test: {
                name: 'browser',
                include: ['test/**/*.browser.test.ts', 'test/**/*.universal.test.ts'],
                exclude: ['**/node_modules/**', 'test/house/fixtures/**'],
                globalSetup: [GLOBAL_RELAY],
                browser: {
                  enabled: true,
                  commands: { findWords },
                  api: { port: BROWSER_PORT, strictPort: true },
                  headless: true,
                  screenshotFailures: false,
                  provider: playwright({
                    launchOptions: {
                      executablePath: chromium,
                      args: [...CHROMIUM_FLAGS],
                      // Real verification of the relay's certificate, by an authority of the tests' own.
                      env: { ...(process.env as Record<string, string>), HOME: BROWSER_HOME },
                    },
                  }),
                  instances: [{ browser: 'chromium' as const }],
                },
              },
            },
          ]),
    ],
  },
})
