/**
 * Read-only is cryptographic: a reader who holds the key, with a stolen token that may write and a relay that stores whatever they send,
 * makes no honest client apply an edit.
 */
import { encodeAwarenessContent, type Envelope } from '@y-sealed/protocol'
import type { EpochKey } from '@y-sealed/protocol/sealing'
import { describe, expect, it } from 'vitest'

import { allRead, setHostileScene, toldTo, Vandal, type HostileScene } from '../support/members/hostile-scene.ts'
import { converge, until, type Teammate } from '../support/members/team.ts'

/** All that Carol, a reader, has: the document's key and her own. */
function keyOf({ membership }: Teammate): EpochKey {
  return membership.epochKey as EpochKey
}

/** The relay stores these, shows them to all, and to somebody who comes later; life goes on. What each was told, and what they read. */
async function goOn(scene: HostileScene, ...envelopes: readonly Envelope[]): Promise<readonly unknown[]> {
  const { alice, bob, view, team } = scene
  view.append(...envelopes)
  await allRead(scene)
  const dora = await team.invite('reader')
  await bob.write('two. ')
  const text = await converge(alice, bob, dora)
  return [text, ...[alice, bob, dora].map(toldTo)]
}

describe('a reader with the key, a token that may write, and a relay on their side', () => {
  it('T28 [KM10] [CL1] writes in their own name: refused by all for the role', async () => {
    const scene = await setHostileScene()
    const { carol, view } = scene
    const vandal = new Vandal(carol, carol.device, keyOf(carol))
    const told = ['ENTRY_REFUSED role']
    const after = await goOn(scene, vandal.bind(view.seen), vandal.type('vandalised', view.seen))
    expect(after).toEqual(['one. two. ', told, told, told])
  })

  it('T28 [EN7] writes in a writer’s name: the signature is not the writer’s, and nothing is applied', async () => {
    const scene = await setHostileScene()
    const { alice, bob, carol, view } = scene
    // Bob’s id, Carol’s keys.
    const posing = new Proxy(carol.device, {
      get: (device, name): unknown => {
        if (name === 'id') return bob.device.id
        const value: unknown = Reflect.get(device, name, device)
        return typeof value === 'function' ? value.bind(device) : value
      },
    })
    const vandal = new Vandal(carol, posing, keyOf(carol))
    view.append(vandal.bind(view.seen), vandal.type('vandalised', view.seen))
    await until(() => toldTo(alice).length > 0)
    expect([alice.text, toldTo(alice)]).toEqual(['one. ', ['WAITING']])
  })

  it('T28 [KM10] waits to be promoted, and has shown then what was written before: it stays refused', async () => {
    const scene = await setHostileScene()
    const { alice, bob, carol, view, team } = scene
    const vandal = new Vandal(carol, carol.device, keyOf(carol))
    view.append(vandal.bind(view.seen), vandal.type('vandalised', view.seen))
    await allRead(scene)
    await alice.setRole(carol, 'writer')
    await carol.write('two. ')
    const dora = await team.invite('reader')
    expect(await converge(alice, bob, carol, dora)).toBe('one. two. ')
  })

  it('T28 [KM10] was a writer once: what they write after the demotion is refused, whatever they say that they had seen', async () => {
    const scene = await setHostileScene()
    const { alice, bob, view } = scene
    const vandal = new Vandal(bob, bob.device, keyOf(bob))
    const bind = vandal.bind(view.seen)
    view.append(bind)
    await allRead(scene)
    const before = view.seen
    await alice.setRole(bob, 'reader')
    view.append(vandal.type('back-dated', before))
    await allRead(scene)
    await alice.write('two. ')
    await until(() => alice.text === 'one. two. ')
    expect(toldTo(alice)).toEqual(['ENTRY_REFUSED role'])
  })

  it('T28 [CL7] shows presence as nobody but themselves', async () => {
    const scene = await setHostileScene()
    const { alice, bob, carol, view } = scene
    bob.peer.provider.awareness.setLocalState({ user: 'bob' })
    const vandal = new Vandal(carol, carol.device, keyOf(carol))
    const content = encodeAwarenessContent({
      clientId: bob.peer.doc.clientID,
      clock: 1_000,
      state: JSON.stringify({ user: 'mallory' }),
      introduction: null,
      head: null,
    })
    for (const socket of view.sockets) socket.say({ type: 'awareness', envelope: vandal.presence(content, view.seen) })
    await alice.write('two. ')
    const shown = [...alice.peer.provider.awareness.getStates().values()]
    expect(JSON.stringify(shown)).not.toContain('mallory')
  })
})
