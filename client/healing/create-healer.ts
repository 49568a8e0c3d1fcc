/**
 * A healer in its place in an open document. Rule CL30.
 *
 * @module
 */
import type { Device } from '@y-sealed/protocol/sealing'
import type { RelayConnection } from '../connection/relay-connection.ts'
import type { Lifeline } from '../provider/lifeline.ts'
import type { Emit } from '../provider/provider-events.ts'
import type { Sender } from '../provider/sender.ts'
import { Membership } from '../members/membership.ts'
import { Healer } from './healer.ts'
import type { HealerOptions } from './healer-options.ts'

export interface HealingPlace extends Pick<HealerOptions, 'access' | 'history'> {
  readonly connection: RelayConnection
  readonly emit: Emit
  readonly line: () => Lifeline
  /** Nothing may leave until the document has been opened again. */
  readonly pause: () => void
  readonly sender: () => Sender | null
  readonly device: () => Device | null
}

export function createHealer({ access, connection, history, emit, line, pause, sender, device }: HealingPlace): Healer {
  /** What this device wrote there is sealed anew. */
  const goBack = async (forget: () => Promise<void>): Promise<void> => {
    pause()
    await forget()
    sender()?.startOver()
  }
  const membership = access instanceof Membership ? access : null
  const recall = async (): Promise<void> => {
    pause()
    await history.recall()
    membership?.forgetPlaces(history.log.head.seq)
  }
  const rewindRecords = async (toSeq: number): Promise<void> => {
    // What is tried stands upon no place that this device has verified.
    if (history.trial !== null || history.isAdrift) return await recall()
    membership?.forgetPlaces(toSeq)
    await goBack(() => history.rewind(toSeq))
  }
  const mayRestart = (): boolean => membership === null || membership.role === 'admin'
  return new Healer({
    access,
    history,
    send: (frame) => line().send(frame),
    reopen: () => line().reopen(),
    rewind: (toSeq) => goBack(() => history.rewind(toSeq)),
    rewindRecords,
    recall,
    pause,
    abandon: () => goBack(() => history.abandon()),
    resume: () => line().resume(),
    look: () => line().look(),
    isLooking: () => line().isLooking,
    goOn: () => line().goOn(),
    mayRestart,
    device,
    onFallen: (code, seq) => emit('integrity', [{ code, seq, fatal: false }]),
    onHealed: (seq, since) =>
      emit('integrity', [{ code: 'RESTORED', seq, ...(since !== undefined && { since }), fatal: false }]),
    onWithheld: (seq) => emit('integrity', [{ code: 'WITHHELD', seq, fatal: false }]),
    onWhole: () => sender()?.restored(),
    headKey: () => connection.headKey,
    onProof: (seq, proof) => emit('integrity', [{ code: 'FORK_PROVEN', seq, proof, fatal: true }]),
    onLeft: (code, seq, isSpoilt) => line().halt(code, seq, isSpoilt),
  })
}
