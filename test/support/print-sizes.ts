/**
 * `npm run sizes`: what each part of the built client costs a page.
 *
 * @module
 */
import { BUNDLE_PARTS, measureBundle } from './bundle-size.ts'
import { REPOSITORY_ROOT } from './repository.ts'

for (const part of BUNDLE_PARTS) {
  const bytes = await measureBundle(`${REPOSITORY_ROOT}/test`, part)
  console.log(`${(bytes / 1_000).toFixed(1).padStart(7)} kB gzipped  ${part.name}`)
}
