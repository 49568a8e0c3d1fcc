/**
 * The service worker that keeps the app itself, so that it opens without a network. In development there is none.
 *
 * @module
 */
import { currentShell } from './shell.ts'

interface ScriptUrlPolicy {
  createScriptURL(url: string): string
}

interface TrustedTypesHost {
  readonly trustedTypes?: {
    createPolicy(name: string, rules: ScriptUrlPolicy): ScriptUrlPolicy
  }
}

const WORKER = '/sw.js'

export async function registerWorker(): Promise<void> {
  // A shell carries the app with it.
  if (!import.meta.env.PROD || !('serviceWorker' in navigator) || currentShell() !== null) return
  const { trustedTypes } = globalThis as TrustedTypesHost
  const rules: ScriptUrlPolicy = {
    createScriptURL: (url) => {
      if (url !== WORKER) throw new TypeError('that is not the app’s worker')
      return url
    },
  }
  const policy = trustedTypes?.createPolicy('sealed-notes', rules) ?? rules
  try {
    await navigator.serviceWorker.register(policy.createScriptURL(WORKER))
  } catch {
    // Without it the app works while there is a network.
  }
}
