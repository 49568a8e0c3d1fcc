/**
 * Who there is in a document when an attack on its membership begins.
 *
 * @module
 */
import type { Bytes } from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'

import { createTestDevice } from '../raw-client.ts'
import { MemberRelay } from './member-relay.ts'
import { linkFields } from './test-member-log.ts'

/** Everybody but the creator and the witness. */
export interface Cast {
  readonly scene: MemberRelay
  /** A second admin, a writer, a reader, and a writer with two devices. */
  readonly admin: Device
  readonly writer: Device
  readonly reader: Device
  readonly twin: Device
  readonly twinPhone: Device
  readonly link: Device
}

/** A fresh relay, with all of them. */
export async function createCast(): Promise<Cast> {
  const scene = await MemberRelay.start()
  const admin = await scene.member('admin')
  const writer = await scene.member('writer')
  const reader = await scene.member('reader')
  const twin = await scene.member('writer')
  const twinPhone = createTestDevice()
  await scene.must(scene.document.add(twinPhone, 'writer', twin, true), await scene.open(twin))
  const link = createTestDevice()
  await scene.must(scene.document.make(scene.document.creator, linkFields(link, 'writer')))
  await scene.hush()
  return { scene, admin, writer, reader, twin, twinPhone, link }
}

/** A PUSH of envelopes as bytes, whatever they are. */
export function pushBytes(envelope: Bytes): Bytes {
  const frame = new Uint8Array(1 + envelope.length)
  frame[0] = 6
  frame.set(envelope, 1)
  return frame
}
