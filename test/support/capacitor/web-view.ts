/**
 * A page of a native shell in Chromium: Capacitor's own bridge for Android before the page, and behind it native halves of the plugins that are made
 * here, of a database by better-sqlite3 and a map of keys. What is tested is all that runs in a web view; what a phone does is not.
 *
 * @module
 */
import type { SqliteStatement, SqliteValue } from '@y-sealed/client/capacitor'
import { existsSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import type { BrowserContext, Page } from 'playwright'

import { NATIVE_FOLDER } from '../native-shells.ts'
import { openTestConnection } from './sqlite-connection.ts'

export interface WebView {
  readonly page: Page
  /** What the page complained about. */
  readonly complaints: readonly string[]
  /** Keys by name, with how each is to be kept. */
  readonly keychain: ReadonlyMap<string, { readonly data: string; readonly sync: boolean; readonly access: number }>
  /** The phone tells a plugin's listeners. */
  tell(plugin: string, event: string, data: object): Promise<void>
}

export interface WebViewOptions {
  readonly context: BrowserContext
  /** The built app, as the shell carries it. */
  readonly folder: string
  /** Where the phone keeps its database. */
  readonly database: string
  /** The link with which the phone started the app. */
  readonly launchUrl?: string
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}

/** The methods that each plugin's native half says it has. */
const METHODS: Readonly<Record<string, readonly string[]>> = {
  App: ['getLaunchUrl'],
  Network: ['getStatus'],
  SecureStorage: [
    'internalGetItem',
    'internalSetItem',
    'internalRemoveItem',
    'internalClearItemsWithPrefix',
    'internalGetPrefixedKeys',
    'clearItemsWithPrefix',
    'getPrefixedKeys',
  ],
  CapacitorSQLite: [
    'checkConnectionsConsistency',
    'createConnection',
    'open',
    'execute',
    'executeSet',
    'query',
    'deleteDatabase',
  ],
}

interface Call {
  readonly callbackId: string
  readonly pluginId: string
  readonly methodName: string
  readonly options: Readonly<Record<string, unknown>>
}

/** Opens the shell's page. */
export async function openWebView({ context, folder, database, launchUrl }: WebViewOptions): Promise<WebView> {
  const keychain = new Map<string, { data: string; sync: boolean; access: number }>()
  const listeners: Call[] = []
  const connection = openTestConnection(database)
  context.on('close', () => connection.close())

  const namesWith = (prefix: string): string[] => [...keychain.keys()].filter((name) => name.startsWith(prefix))
  const answer = async ({ pluginId, methodName, options }: Call): Promise<unknown> => {
    const text = (name: string): string => options[name] as string
    switch (`${pluginId}.${methodName}`) {
      case 'App.getLaunchUrl':
        return launchUrl === undefined ? undefined : { url: launchUrl }
      case 'SecureStorage.internalGetItem':
        return { data: keychain.get(text('prefixedKey'))?.data ?? null }
      case 'SecureStorage.internalSetItem':
        keychain.set(text('prefixedKey'), options as { data: string; sync: boolean; access: number } & typeof options)
        return {}
      case 'SecureStorage.internalRemoveItem':
        return { success: keychain.delete(text('prefixedKey')) }
      case 'SecureStorage.internalGetPrefixedKeys':
      case 'SecureStorage.getPrefixedKeys':
        return { keys: namesWith(text('prefix')) }
      case 'SecureStorage.internalClearItemsWithPrefix':
      case 'SecureStorage.clearItemsWithPrefix':
        for (const name of namesWith(text('prefix'))) keychain.delete(name)
        return {}
      case 'CapacitorSQLite.checkConnectionsConsistency':
        return { result: false }
      case 'CapacitorSQLite.createConnection':
      case 'CapacitorSQLite.open':
        return {}
      case 'CapacitorSQLite.execute':
        await connection.execute(text('statements'))
        return { changes: { changes: 0 } }
      case 'CapacitorSQLite.executeSet':
        return await connection.executeSet(options['set'] as SqliteStatement[])
      case 'CapacitorSQLite.query':
        return await connection.query(text('statement'), options['values'] as SqliteValue[])
      case 'CapacitorSQLite.deleteDatabase':
        for (const table of ['entries', 'heads', 'bases', 'snapshots', 'outbox'])
          connection.database.exec(`DELETE FROM ${table}`)
        return {}
      default:
        throw new Error(`the phone knows no ${pluginId}.${methodName}`)
    }
  }

  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.exposeFunction('callPhone', async (json: string) => {
    const call = JSON.parse(json) as Call
    const { callbackId, pluginId, methodName } = call
    if (methodName === 'addListener') {
      listeners.push(call)
      return null
    }
    try {
      const data = await answer(call)
      return JSON.stringify({ callbackId, pluginId, methodName, success: true, save: false, data })
    } catch (error) {
      return JSON.stringify({
        callbackId,
        pluginId,
        methodName,
        success: false,
        save: false,
        error: { message: String(error) },
      })
    }
  })
  const headers = Object.entries(METHODS).map(([name, methods]) => ({
    name,
    methods: [
      ...methods.map((method) => ({ name: method, rtype: 'promise' })),
      { name: 'addListener', rtype: 'callback' },
      { name: 'removeListener', rtype: 'callback' },
    ],
  }))
  await page.addInitScript(`
    window.Capacitor = { DEBUG: false, isLoggingEnabled: false, Plugins: {}, PluginHeaders: ${JSON.stringify(headers)} };
    window.WEBVIEW_SERVER_URL = 'https://localhost';
    window.androidBridge = {
      postMessage: (json) => void window.callPhone(json).then((reply) => { if (reply !== null) window.androidBridge.onmessage({ data: reply }) }),
    };
  `)
  const bridge = join(NATIVE_FOLDER, 'node_modules/@capacitor/android/capacitor/src/main/assets/native-bridge.js')
  await page.addInitScript(readFileSync(bridge, 'utf8'))
  await page.route('https://localhost/**', async (route) => {
    const { pathname } = new URL(route.request().url())
    const path = join(folder, pathname === '/' ? 'index.html' : pathname)
    if (!existsSync(path)) return await route.fulfill({ status: 404 })
    await route.fulfill({ body: readFileSync(path), contentType: TYPES[extname(path)] ?? 'application/octet-stream' })
  })
  await page.goto('https://localhost/')
  return {
    page,
    complaints,
    keychain,
    async tell(plugin, event, data) {
      for (const { callbackId, pluginId, methodName, options } of listeners) {
        if (pluginId !== plugin || options['eventName'] !== event) continue
        const result = JSON.stringify({ callbackId, pluginId, methodName, success: true, save: true, data })
        await page.evaluate(
          (reply) =>
            (
              globalThis as unknown as { androidBridge: { onmessage(event: { data: string }): void } }
            ).androidBridge.onmessage({ data: reply }),
          result,
        )
      }
    },
  }
}
