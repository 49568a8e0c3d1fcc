/**
 * Whether this page may speak to another relay than the one that it came from: whoever serves the app says so in its policy.
 *
 * @module
 */

/** After a request has failed, its policy's word may come a moment later. */
const WORD_MS = 500

/** Rejects with `RELAY_NOT_ALLOWED` where the page's policy keeps it from the relay at `relay`, `wss://…`. Asks that relay for nothing but an answer. */
export async function demandMaySpeakTo(relay: string): Promise<void> {
  const url = relay.replace(/^wss:/, 'https:')
  const { origin } = new URL(url)
  let tell = (): void => undefined
  const kept = new Promise<boolean>((resolve) => {
    tell = () => resolve(true)
  })
  const onViolation = ({ blockedURI }: SecurityPolicyViolationEvent): void => {
    if (blockedURI.startsWith(origin)) tell()
  }
  document.addEventListener('securitypolicyviolation', onViolation)
  const asked = fetch(url, { method: 'HEAD', mode: 'no-cors', credentials: 'omit', redirect: 'manual' }).then(
    () => false,
    async () => {
      await new Promise((resolve) => setTimeout(resolve, WORD_MS))
      return false
    },
  )
  const isKept = await Promise.race([kept, asked])
  document.removeEventListener('securitypolicyviolation', onViolation)
  if (isKept) throw Object.assign(new Error(`the page's policy keeps it from ${origin}`), { code: 'RELAY_NOT_ALLOWED' })
}
