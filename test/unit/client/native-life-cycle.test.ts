import { followNativeLifeCycle, type AppPlugin, type NetworkPlugin } from '@y-sealed/client/capacitor'
import { describe, expect, it } from 'vitest'

/** Listeners as a plugin keeps them; `tell` is the phone. */
function createPlugin(): {
  readonly plugin: AppPlugin & NetworkPlugin
  readonly tell: (event: string, state?: object) => void
} {
  const listeners = new Map<string, (state: never) => void>()
  const addListener = (event: string, listener: (state: never) => void): Promise<{ remove(): Promise<void> }> => {
    listeners.set(event, listener)
    return Promise.resolve({
      remove: () => {
        listeners.delete(event)
        return Promise.resolve()
      },
    })
  }
  return {
    plugin: { addListener },
    tell: (event, state = {}) => (listeners.get(event) as ((state: object) => void) | undefined)?.(state),
  }
}

describe('the life cycle of a native shell', () => {
  it('[CL21] hides and shows the documents that are open at the moment, and asks no network while the app is out of view', async () => {
    const { plugin, tell } = createPlugin()
    const told: string[] = []
    let name = 'one'
    const documents = () => ({ hide: () => told.push(`hide ${name}`), show: () => told.push(`show ${name}`) })
    const stop = await followNativeLifeCycle({ app: plugin, network: plugin, documents })
    tell('networkStatusChange', { connected: true })
    tell('networkStatusChange', { connected: false })
    tell('appStateChange', { isActive: false })
    tell('networkStatusChange', { connected: true })
    tell('pause')
    name = 'two'
    tell('resume')
    tell('appStateChange', { isActive: true })
    expect(told).toEqual(['show one', 'hide one', 'hide one', 'show two', 'show two'])
    await stop()
    tell('resume')
    tell('appStateChange', { isActive: false })
    expect(told).toHaveLength(5)
  })

  it('[CL21] tells nobody while no documents are open', async () => {
    const { plugin, tell } = createPlugin()
    await followNativeLifeCycle({ app: plugin, network: plugin, documents: () => null })
    expect(() => tell('appStateChange', { isActive: false })).not.toThrow()
  })
})
