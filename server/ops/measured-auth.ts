/**
 * Counts tokens on their way through an {@link Auth}. Row J4.
 *
 * @module
 */
import type { Auth, Metrics } from '../core/ports.ts'
import type { TOKEN_REASONS } from './metric-catalogue.ts'

type TokenReason = (typeof TOKEN_REASONS)[number]

/** What the log has in fine words; whatever is not here is wrong in its claims. */
const COARSE_BY_REASON: Readonly<Record<string, TokenReason>> = {
  'bad-form': 'form',
  'bad-header': 'form',
  'bad-payload': 'form',
  'not-canonical': 'form',
  'too-long': 'form',
  'wrong-type': 'form',
  'bad-time': 'time',
  expired: 'time',
  'from-the-future': 'time',
  'lives-too-long': 'time',
  'not-yet': 'time',
  'unknown-key': 'key',
  'wrong-algorithm': 'key',
  'bad-signature': 'signature',
  revoked: 'revoked',
  internal: 'internal',
}

/** The same verdicts, counted. */
export function measureAuth(auth: Auth, metrics: Metrics): Auth {
  return {
    ...(auth.isRevoked !== undefined && { isRevoked: auth.isRevoked.bind(auth) }),
    async verify(token) {
      const verdict = await auth.verify(token)
      if (verdict.ok) metrics.count('tokens_accepted')
      else metrics.count('tokens_refused', { reason: COARSE_BY_REASON[verdict.reason] ?? 'claims' })
      return verdict
    },
  }
}
