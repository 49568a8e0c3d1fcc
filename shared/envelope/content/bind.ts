/**
 * Content of a `bind`: the Yjs client id under which this device will write. Rules EN10, CL2.
 *
 * @module
 */
import type { Bytes } from '../../bytes.ts'
import type { Certificate } from '../../members/certificate.ts'
import type { DecodeResult } from '../../wire/fault.ts'
import { Reader } from '../../wire/reader.ts'
import { Writer } from '../../wire/writer.ts'
import { readIntroduced, writeIntroduced } from './introduced.ts'

/** What a bind says. */
export interface BindContent {
  readonly clientId: number
  /** In `shared-key` mode, in the first entry of a session. [KM15] */
  readonly introduction: Certificate | null
}

/** The content as bytes. */
export function encodeBind({ clientId, introduction }: BindContent): Bytes {
  return writeIntroduced(new Writer().u64(clientId), introduction).finish()
}

/** Reads the content. Never throws. [WI3] */
export function decodeBind(bytes: Bytes): DecodeResult<BindContent> {
  const reader = new Reader(bytes)
  return reader.finish({ clientId: reader.u64(), introduction: readIntroduced(reader) })
}
