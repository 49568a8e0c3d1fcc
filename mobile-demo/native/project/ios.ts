/**
 * What is ours in the iOS project: pins, the plugin that binds the web view to them, a cover over the app switcher, links. Rule PN1.
 *
 * @module
 */
import type { PinSet } from '@y-sealed/protocol'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import plist from 'plist'

import type { ShellSettings } from './shell-settings.ts'
import { addToXcodeProject } from './xcode-project.ts'

const OVERLAY = fileURLToPath(new URL('../overlay/ios/', import.meta.url))

type Dictionary = Record<string, unknown>

/** Changes the project in the folder of the settings. Throws where the template is another than it was written for. */
export function applyIos({ pins, app, out }: ShellSettings): void {
  const folder = join(out, 'ios/App/App')
  for (const name of ['SceneDelegate.swift', 'ShellViewController.swift', 'PinningPlugin.swift'])
    cpSync(join(OVERLAY, name), join(folder, name))
  changePlist(join(OVERLAY, 'App.entitlements'), join(folder, 'App.entitlements'), (entitlements) => ({
    ...entitlements,
    'com.apple.developer.associated-domains': [`applinks:${new URL(app).hostname}`],
  }))
  const info = join(folder, 'Info.plist')
  changePlist(info, info, (settings) => ({
    ...settings,
    NSAppTransportSecurity: renderTransportSecurity(pins),
    YSealedPinsExpire: pins.expires,
    NSCameraUsageDescription: 'To scan the QR code of an invite link.',
    // No storyboard makes the window: the scene delegate does, with the plugin in it.
    UIMainStoryboardFile: undefined,
    UIApplicationSceneManifest: withoutStoryboard(settings['UIApplicationSceneManifest']),
  }))
  const project = join(out, 'ios/App/App.xcodeproj/project.pbxproj')
  writeFileSync(project, addToXcodeProject(readFileSync(project, 'utf8')))
}

/** The list that {@link file://./../overlay/ios/PinningPlugin.swift} reads, in the form in which Apple's own pinning of URLSession reads it. */
export function renderTransportSecurity({ hosts, pins }: PinSet): Dictionary {
  const identities = pins.map(({ pin }) => ({ 'SPKI-SHA256-BASE64': pin }))
  const domain = { NSIncludesSubdomains: false, NSPinnedLeafIdentities: identities }
  return { NSAllowsArbitraryLoads: false, NSPinnedDomains: Object.fromEntries(hosts.map((host) => [host, domain])) }
}

function withoutStoryboard(scenes: unknown): unknown {
  return JSON.parse(JSON.stringify(scenes), (key, value: unknown) =>
    key === 'UISceneStoryboardFile' ? undefined : value,
  )
}

function changePlist(from: string, to: string, change: (values: Dictionary) => Dictionary): void {
  const values = plist.parse(readFileSync(from, 'utf8')) as Dictionary
  const changed = Object.entries(change(values)).filter(([, value]) => value !== undefined)
  writeFileSync(to, `${plist.build(Object.fromEntries(changed) as plist.PlistObject, { indent: '\t' })}\n`)
}
