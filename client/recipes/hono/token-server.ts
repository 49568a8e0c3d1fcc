/** A Hono backend that says who may open which note: the relay believes its tokens and no others. */
import { createTokenIssuer } from '@y-sealed/relay/issuer'
import { Hono, type Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'

export interface TokenServerOptions {
  /** What the relay is told by `--issuer`. */
  readonly issuer: string
  /** One of the relay's `--url`. */
  readonly audience: string
  readonly keyFile: string
  /** Your own session: who asks, or `null`. */
  readonly userOf: (context: Context) => string | null
  /** Your own database: what this person may do in that note. */
  readonly roleOf: (user: string, documentId: string) => 'none' | 'reader' | 'writer'
}

const PERMISSIONS = {
  reader: ['read', 'awareness'],
  writer: ['read', 'write', 'awareness', 'snapshot', 'members', 'create'],
} as const

export function createTokenServer({ userOf, roleOf, ...options }: TokenServerOptions): Hono {
  const issuer = createTokenIssuer(options)
  const app = new Hono()
  app.get('/jwks.json', (context) => context.json(issuer.jwks))
  app.post('/note-token', bodyLimit({ maxSize: 1_024 }), async (context) => {
    const user = userOf(context)
    if (user === null) return context.body(null, 401)
    const asked: unknown = await context.req.json().catch(() => null)
    const { documentId, deviceId } = (asked ?? {}) as { readonly documentId?: unknown; readonly deviceId?: unknown }
    if (typeof documentId !== 'string' || typeof deviceId !== 'string') return context.body(null, 400)
    const role = roleOf(user, documentId)
    if (role === 'none') return context.body(null, 403)
    try {
      const terms = { subject: user, document: documentId, device: deviceId, permissions: PERMISSIONS[role] }
      return context.json(issuer.issue(terms))
    } catch (error) {
      // Ids that are none.
      if (!(error instanceof RangeError)) throw error
      return context.body(null, 400)
    }
  })
  return app
}
