/**
 * `u8 introduced (0, 1) ‖ [introduction 128]`, as binds and awareness carry it. Rules EN10, KM15.
 *
 * @module
 */
import { readCertificate, writeCertificate, type Certificate } from '../../members/certificate.ts'
import type { Reader } from '../../wire/reader.ts'
import type { Writer } from '../../wire/writer.ts'

export function writeIntroduced(writer: Writer, introduction: Certificate | null): Writer {
  writer.flag(introduction !== null)
  return introduction === null ? writer : writeCertificate(writer, introduction)
}

export function readIntroduced(reader: Reader): Certificate | null {
  return reader.flag() ? readCertificate(reader) : null
}
