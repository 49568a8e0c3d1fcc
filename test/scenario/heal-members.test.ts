/**
 * An older backup put back by the commands, under members at file stores: records come back with the edits, and nobody comes back who was
 * removed. Rules LO14, CL30, KM18; row I7.
 */
import { openNodeStorage } from '@y-sealed/client/node'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'

import { runRelayCommand } from '../support/command-line.ts'
import { Team } from '../support/members/team.ts'
import { MortalRelay } from '../support/mortal-relay.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'
import { placeOf, settle } from '../support/settled.ts'

const PATIENCE = { timeout: 20_000 }

it(
  '[I7] [LO14] [CL30] gives back a removal that the backup lacks before the removed can write, and every edit',
  { timeout: 120_000 },
  async () => {
    const relay = await MortalRelay.start(['--log-level', 'error'])
    const team = await Team.start({ url: relay.url, ca: readFileSync(relay.caPath, 'utf8') })
    const storage = await openNodeStorage(makeTemporaryFolder())
    const { alice } = team
    await alice.write('in the backup. ')
    const bob = await team.invite('writer', alice, { provider: { store: storage.documents } })
    const mallory = await team.invite('writer')
    await settle(alice, bob, mallory)
    const to = join(makeTemporaryFolder(), 'relay.db')
    expect((await runRelayCommand(['backup', '--data', relay.data, '--to', to])).exitCode).toBe(0)

    await alice.write('lost one. ')
    await alice.remove(mallory)
    await vi.waitFor(() => expect(mallory.closings).toHaveLength(1), PATIENCE)
    await bob.write('lost two. ')
    // A paste that travels as parts.
    const paste = 'pasted '.repeat(20_000)
    await bob.write(paste)
    await settle(alice, bob)
    await vi.waitFor(() => expect(alice.peer.provider.signedHead?.seq).toBe(alice.peer.provider.head.seq), PATIENCE)
    const [place, text] = [placeOf(alice), alice.text]
    await relay.kill()
    const restored = await runRelayCommand(['restore', '--data', relay.data, '--from', to])
    expect([restored.exitCode, restored.stderr]).toEqual([0, ''])

    // Mallory is first, and by the backup a member; the others come later.
    alice.goOffline()
    bob.goOffline()
    await relay.restart()
    // Her own program would stop: it has accepted that she is out. She makes it forget.
    for (const name of await mallory.keys.list('pin/')) await mallory.keys.delete(name)
    const again = await team.restart(mallory)
    again.type('back again. ')
    await vi.waitFor(() => expect(again.peer.provider.status).toBe('connected'), PATIENCE)
    bob.peer.provider.connect()
    await vi.waitFor(() => expect(again.closings).toHaveLength(1), PATIENCE)
    alice.peer.provider.connect()
    await settle(alice, bob)
    expect([placeOf(alice), alice.text]).toEqual([place, text])
    expect(alice.text).not.toContain('back again')
    await alice.write('and on. ')
    await settle(alice, bob)
    expect(bob.reports.filter(({ fatal }) => fatal)).toEqual([])
    const audit = await runRelayCommand(['audit', '--data', relay.data])
    expect([audit.exitCode, audit.stdout]).toEqual([0, expect.stringContaining('In order.')])
    await relay.stop()
  },
)
