/**
 * A relay comes back from a backup that lacks a removal, and its old database cannot be read: nothing tells it what it lost, and the removed
 * member is the first to come. Rules LO14, LO16, CL11, CL30; row I7.
 */
import { openNodeStorage } from '@y-sealed/client/node'
import { CLIENT_FRAME, REFUSALS } from '@y-sealed/protocol'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'

import { runRelayCommand } from '../support/command-line.ts'
import { createLiar } from '../support/lying-socket.ts'
import { Team, type Teammate } from '../support/members/team.ts'
import { MortalRelay } from '../support/mortal-relay.ts'
import { platformFor } from '../support/peer.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'
import { settle } from '../support/settled.ts'

const PATIENCE = { timeout: 30_000 }

it(
  '[I7] [LO14] [LO16] [CL11] puts a document back to the backup by the proof of an admin’s device, whose removal then comes first',
  { timeout: 180_000 },
  async () => {
    const relay = await MortalRelay.start(['--log-level', 'error'])
    const team = await Team.start({ url: relay.url, ca: readFileSync(relay.caPath, 'utf8') })
    const storage = await openNodeStorage(makeTemporaryFolder())
    const { alice } = team
    await alice.write('in the backup. ')
    const bob = await team.invite('writer', alice, { provider: { store: storage.documents } })
    const mallory = await team.invite('writer')
    await settle(alice, bob, mallory)
    const backup = join(makeTemporaryFolder(), 'relay.db')
    expect((await runRelayCommand(['backup', '--data', relay.data, '--to', backup])).exitCode).toBe(0)
    await alice.remove(mallory)
    await vi.waitFor(() => expect(mallory.closings).toHaveLength(1), PATIENCE)
    await bob.write('lost. ')
    await settle(alice, bob)
    await vi.waitFor(() => {
      for (const { peer } of [alice, bob]) expect(peer.provider.signedHead?.seq).toBe(peer.provider.head.seq)
    }, PATIENCE)
    const { text } = alice
    const { seq } = alice.peer.provider.head
    await relay.kill()
    for (const end of ['-wal', '-shm']) rmSync(relay.databasePath + end, { force: true })
    writeFileSync(relay.databasePath, 'no database any more')
    const restored = await runRelayCommand(['restore', '--data', relay.data, '--from', backup])
    expect([restored.exitCode, restored.stdout]).toEqual([0, expect.stringContaining('could not be read')])

    // Mallory comes first, has made her program forget that she is out, and writes more than was lost.
    for (const person of [alice, bob]) person.goOffline()
    await relay.restart()
    for (const name of await mallory.keys.list('pin/')) await mallory.keys.delete(name)
    const { WebSocket } = await platformFor({ url: relay.url, ca: readFileSync(relay.caPath, 'utf8') })
    const sockets = createLiar(WebSocket)
    const again = await team.restart(mallory, { WebSocket: sockets.WebSocket })
    for (let i = 0; i < 20; i++) await again.write(`back ${i}. `)
    await vi.waitFor(() => expect(again.peer.provider.signedHead?.seq).toBeGreaterThan(seq), PATIENCE)

    // Whoever knows of the removal goes along with nothing of that, and has the proof.
    for (const person of [alice, bob]) person.peer.provider.connect()
    await vi.waitFor(() => {
      for (const { closings } of [alice, bob]) expect(closings.map(({ code }) => code)).toEqual(['FORK'])
    }, PATIENCE)
    const proofOf = ({ reports }: Teammate) => reports.find((report) => report.code === 'FORK_PROVEN')
    await vi.waitFor(() => expect(proofOf(alice)).toBeDefined(), PATIENCE)
    // Giving up what the relay lacks would bring the removed member back.
    await expect(alice.peer.provider.restartLog()).rejects.toMatchObject({ code: 'FORK' })
    alice.type('unsaved. ')
    expect([alice.text, bob.text]).toEqual([`${text}unsaved. `, text])

    const proof = join(makeTemporaryFolder(), 'fork.proof')
    const proven = proofOf(alice)
    writeFileSync(proof, proven?.proof ?? '')
    const command = ['restore', '--data', relay.data, '--from', backup, '--proof', proof]
    const running = await runRelayCommand(command)
    expect([running.exitCode, running.stderr]).toEqual([1, expect.stringContaining('stop it first')])
    await relay.stop()
    const put = await runRelayCommand(command)
    expect([put.stderr, put.exitCode, put.stdout]).toEqual(['', 0, expect.stringContaining(`up to ${seq}`)])
    const audit = await runRelayCommand(['audit', '--data', relay.data])
    expect([audit.exitCode, audit.stdout]).toEqual([0, expect.stringContaining('In order.')])

    // Mallory comes first again, offers all that she has, and none of it is taken: neither before an admin's device has come, nor after.
    const refused = new Set<number>()
    sockets.lie = {
      toClient: (frame) => {
        if (frame?.type === 'nack' && frame.refused === CLIENT_FRAME.restore) refused.add(frame.code)
        return undefined
      },
    }
    again.type('and again. ')
    await relay.restart()
    await vi.waitFor(() => expect(refused).toEqual(new Set([REFUSALS.NEEDS_RESTORE.number])), PATIENCE)
    await alice.peer.provider.restartLog()
    await vi.waitFor(() => expect(again.closings).toHaveLength(1), PATIENCE)
    await bob.peer.provider.restartLog().catch(() => undefined)
    const back = await team.restart(bob, { provider: { store: storage.documents } })
    await settle(alice, back)
    expect(alice.text).toBe(`${text}unsaved. `)
    await back.write('and on. ')
    await settle(alice, back)
    const end = await runRelayCommand(['audit', '--data', relay.data])
    expect([end.exitCode, end.stdout]).toEqual([0, expect.stringContaining('In order.')])
    await relay.stop()
  },
)
