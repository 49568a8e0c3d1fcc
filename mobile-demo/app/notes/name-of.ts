/**
 * What a member is called.
 *
 * @module
 */
import type { MemberView } from '@y-sealed/client'

export function nameOf({ name }: Pick<MemberView, 'name'>): string {
  return name ?? 'Somebody without a name'
}
