/**
 * Where a relay's certificate comes from: the files that it was given, or its own workshop. Rows A12, A13.
 *
 * @module
 */
import type { Clock } from '../core/ports.ts'
import { stateOfFiles, type CertificateSource } from './certificate-keeper.ts'
import {
  leafKeyPathOf,
  loadDevelopmentCertificate,
  refuseDevelopmentCertificate,
  tlsFolderOf,
} from './development-certificate.ts'
import { readGivenCertificate } from './given-certificate.ts'

export interface CertificateSettings {
  readonly data: string
  readonly given: { readonly cert: string; readonly key: string } | null
  /** Names that a development certificate bears; read at each load. */
  readonly hosts: readonly string[]
}

/** How often a development certificate is asked whether it should be made anew. */
const RENEWAL_MS = 3_600_000

/** The source that the settings name. Throws `SettingsError` when there is none that may be used. */
export function createCertificateSource(
  { data, given, hosts }: CertificateSettings,
  environment: Readonly<Record<string, string | undefined>>,
  clock: Clock,
): CertificateSource {
  if (given !== null) {
    return {
      load: async () => readGivenCertificate(given.cert, given.key, clock.now()),
      readState: () => stateOfFiles([given.cert, given.key]),
    }
  }
  refuseDevelopmentCertificate(environment)
  return {
    load: async () => await loadDevelopmentCertificate(tlsFolderOf(data), hosts, clock.now()),
    readState: () => `hour ${Math.floor(clock.now() / RENEWAL_MS)} ${stateOfFiles([leafKeyPathOf(tlsFolderOf(data))])}`,
  }
}
