/**
 * The app's build: pages that the relay's own origin serves.
 *
 * @module
 */
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

export default defineConfig({
  root: pathOf('.'),
  resolve: {
    // In this repository packages are their sources.
    conditions: ['source', 'module', 'browser', 'development|production'],
    // Two copies of Yjs would break each other.
    dedupe: ['yjs', 'y-protocols', 'lib0'],
  },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // The Content-Security-Policy takes no inline script, and no data: address.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: { input: { app: pathOf('index.html'), show: pathOf('show.html') } },
  },
})
