/** An Express backend that says who may open which note: the relay believes its tokens and no others. */
import { TokenDeniedError, type TokenSource } from '@y-sealed/client'
import { createTokenIssuer } from '@y-sealed/relay/issuer'
import express, { type Express, type Request } from 'express'

export interface TokenServerOptions {
  /** What the relay is told by `--issuer`. */
  readonly issuer: string
  /** One of the relay's `--url`. */
  readonly audience: string
  readonly keyFile: string
  /** Your own session: who asks, or `null`. */
  readonly userOf: (request: Request) => string | null
  /** Your own database: what this person may do in that note. */
  readonly roleOf: (user: string, documentId: string) => 'none' | 'reader' | 'writer'
}

const PERMISSIONS = {
  reader: ['read', 'awareness'],
  writer: ['read', 'write', 'awareness', 'snapshot', 'members', 'create'],
} as const

export function createTokenServer({ userOf, roleOf, ...options }: TokenServerOptions): Express {
  const issuer = createTokenIssuer(options)
  const app = express()
  // The relay reads the public key here: `y-sealed-relay serve --issuer … --jwks https://app.example/jwks.json`.
  app.get('/jwks.json', (_request, response) => void response.json(issuer.jwks))
  app.post('/note-token', express.json({ limit: '1kb' }), (request, response) => {
    const answer = (status: number): void => void response.sendStatus(status)
    const user = userOf(request)
    if (user === null) return answer(401)
    const { documentId, deviceId } = request.body as { readonly documentId?: unknown; readonly deviceId?: unknown }
    if (typeof documentId !== 'string' || typeof deviceId !== 'string') return answer(400)
    const role = roleOf(user, documentId)
    if (role === 'none') return answer(403)
    try {
      const terms = { subject: user, document: documentId, device: deviceId, permissions: PERMISSIONS[role] }
      return void response.json(issuer.issue(terms))
    } catch (error) {
      // Ids that are none.
      if (!(error instanceof RangeError)) throw error
      return answer(400)
    }
  })
  return app
}

/** In the browser: what `token` of `RelayConnection` and `SealedDocuments.open` takes. */
export function tokensOf(address: string): TokenSource {
  return async ({ documentId, deviceId }) => {
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ documentId, deviceId }),
    })
    // For good: the document closes, with this as its reason. Anything else is tried again.
    if (response.status === 401 || response.status === 403) {
      throw new TokenDeniedError('FORBIDDEN', 'you may not open this note')
    }
    if (!response.ok) throw new Error(`the app's backend gave no token (${response.status})`)
    return ((await response.json()) as { readonly token: string }).token
  }
}
