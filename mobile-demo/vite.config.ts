/**
 * The app's build: pages that the relay's own origin serves.
 *
 * @module
 */
import { fileURLToPath } from 'node:url'
import { defineConfig, type HtmlTagDescriptor, type Plugin, type Rolldown } from 'vite'

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** What the app asks for as soon as it runs: the browser need not wait until it does. */
const ASKED_AT_ONCE = /app\/(?:device\/open-device\.ts|screens\/screens\.tsx)$/

/** Tells the page of the app what its script will import. */
function preloadScreens(): Plugin {
  return {
    name: 'preload-screens',
    transformIndexHtml: {
      order: 'post',
      handler: (html, { bundle = {}, path }) => {
        if (path !== '/index.html') return []
        const chunks = Object.values(bundle).filter((file) => file.type === 'chunk')
        const files = new Set<string>()
        const add = (chunk: Rolldown.OutputChunk | undefined): void => {
          if (chunk === undefined || files.has(chunk.fileName)) return
          files.add(chunk.fileName)
          for (const name of chunk.imports) add(chunks.find(({ fileName }) => fileName === name))
        }
        for (const chunk of chunks) if (ASKED_AT_ONCE.test(chunk.facadeModuleId ?? '')) add(chunk)
        return [...files]
          .filter((name) => !html.includes(name))
          .map((name): HtmlTagDescriptor => {
            return {
              tag: 'link',
              attrs: { rel: 'modulepreload', crossorigin: true, href: `/${name}` },
              injectTo: 'head',
            }
          })
      },
    },
  }
}

export default defineConfig({
  root: pathOf('.'),
  resolve: {
    // In this repository packages are their sources.
    conditions: ['source', 'module', 'browser', 'development|production'],
    // Two copies of Yjs would break each other.
    dedupe: ['yjs', 'y-protocols', 'lib0'],
  },
  plugins: [preloadScreens()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // The Content-Security-Policy takes no inline script, and no data: address.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: { app: pathOf('index.html'), show: pathOf('show.html') },
      output: {
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules\/(?:react|react-dom|scheduler)\// },
            { name: 'sodium', test: /node_modules\/libsodium/ },
            { name: 'yjs', test: /node_modules\/(?:yjs|lib0|y-protocols)\// },
          ],
        },
      },
    },
  },
})
