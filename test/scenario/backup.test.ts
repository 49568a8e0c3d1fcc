/**
 * A backup made while people type, and put back: by the commands as people run them, on a relay as people run it.
 */
import { bytesToHex } from '@y-sealed/protocol'
import Database from 'better-sqlite3'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'

import { runRelayCommand } from '../support/command-line.ts'
import { MortalRelay } from '../support/mortal-relay.ts'
import { createScene, expectSound, watch, whenSigned } from '../support/stage.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'

it(
  '[I7] [I8] [LO6] backup while Alice types: all that was acknowledged before is in it, it audits clean, it is restored and served, and Alice, who notices, gives back what it lacks',
  { timeout: 120_000 },
  async () => {
    const relay = await MortalRelay.start(['--log-level', 'error'])
    const address = { url: relay.url, ca: readFileSync(relay.caPath, 'utf8') }
    const scene = await createScene()
    const alice = await watch({ relay: address, access: scene.access() })
    const { provider, text } = alice.peer
    await provider.whenSynced()
    let typed = 0
    const typing = setInterval(() => text.insert(text.length, `${typed++} `), 5)
    await vi.waitUntil(() => provider.head.seq > 50, { timeout: 20_000 })
    const { seq: acknowledged, transcript } = provider.head
    const to = join(makeTemporaryFolder(), 'relay.db')
    const backup = await runRelayCommand(['backup', '--data', relay.data, '--to', to])
    const { seq: afterwards } = provider.head
    expect([backup.exitCode, backup.stderr]).toEqual([0, ''])
    expect(backup.stdout).toMatch(/^Backed up to .* 1 document, \d+ entries, .*is in order\.\nThe keys are not in it/)
    expect((statSync(to).mode & 0o777).toString(8)).toBe('600')
    expect(readdirSync(join(to, '..'))).toEqual(['relay.db'])
    const held = Number(/ (\d+) entries/.exec(backup.stdout)?.[1])
    expect(held).toBeGreaterThanOrEqual(acknowledged)
    const copy = new Database(to, { readonly: true })
    const stored = copy
      .prepare<[number], Buffer>('SELECT transcript FROM entries WHERE seq = ?')
      .pluck()
      .get(acknowledged)
    copy.close()
    expect(bytesToHex(stored as Buffer)).toBe(bytesToHex(transcript))
    expect(held).toBeLessThan(afterwards)

    // The relay's own database, which is being written to, and the copy.
    for (const [which, path] of [
      ['--data', relay.data],
      ['--db', to],
    ] as const) {
      const audit = await runRelayCommand(['audit', which, path])
      expect([audit.exitCode, audit.stderr]).toEqual([0, ''])
      expect(audit.stdout).toMatch(/^ok {4}[\w-]{22} {2}shared-key: .*\n\n1 document, [^]*In order\.\n$/)
    }
    clearInterval(typing)
    await provider.whenSaved()

    const restore = ['restore', '--data', relay.data, '--from', to]
    const refused = await runRelayCommand(restore)
    expect([refused.exitCode, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/^error: a relay runs on .*: stop it first; nothing was changed\n$/),
    ])
    expect(alice.reports).toEqual([])
    await whenSigned(alice)
    const { head } = provider
    await relay.kill()
    const restored = await runRelayCommand(restore)
    expect([restored.exitCode, restored.stderr]).toEqual([0, ''])
    const lost = provider.head.seq - held
    expect(restored.stdout).toContain(
      `It held ${lost} entries beyond the backup: 1 document went back to an older state`,
    )
    expect(restored.stdout).toContain(
      'In those documents nothing new is taken until a device that has them gives them back',
    )
    const aside = /kept as (\S+):/.exec(restored.stdout)?.[1] ?? ''
    const replaced = await runRelayCommand(['audit', '--db', aside, '--json'])
    expect(JSON.parse(replaced.stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
      type: 'summary',
      entries: provider.head.seq,
      faults: 0,
    })
    expect((statSync(relay.databasePath).mode & 0o777).toString(8)).toBe('600')
    expect(existsSync(`${relay.databasePath}-wal`)).toBe(false)

    await relay.restart()
    // She asks again every 10 s (CL30), and a busy machine may miss more than one of those.
    await vi.waitUntil(() => alice.reports.some(({ code }) => code === 'RESTORED'), { timeout: 60_000 })
    expect(alice.reports.map(({ code }) => code)).toEqual(['ROLLBACK', 'RESTORED'])
    const bob = await watch({ relay: address, access: scene.access() })
    await bob.peer.provider.whenSynced()
    expect(bob.text).toBe(alice.text)
    expect(bob.peer.provider.head).toEqual(alice.peer.provider.head)
    expect(alice.peer.provider.head).toEqual(head)
    expect(bob.reports).toEqual([])
    expectSound(alice, bob)
    await relay.stop()
  },
)
