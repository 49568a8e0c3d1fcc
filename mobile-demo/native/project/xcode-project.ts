/**
 * Our Swift files and the entitlements in the list that Xcode keeps of a project's files.
 *
 * @module
 */
import { replaceOnce } from './replace-once.ts'

/** Ids are 24 hexadecimal digits of one's own choosing; these begin as no id of the template does. */
const SOURCES = [
  { name: 'PinningPlugin.swift', file: 'A5EA1ED00000000000000001', build: 'A5EA1ED00000000000000011' },
  { name: 'ShellViewController.swift', file: 'A5EA1ED00000000000000002', build: 'A5EA1ED00000000000000012' },
] as const
const ENTITLEMENTS = 'A5EA1ED00000000000000003'

/** The list with ours in it. Throws where it has another form than Capacitor's template had. */
export function addToXcodeProject(project: string): string {
  const before = (text: string, anchor: string, lines: string): string => replaceOnce(text, anchor, lines + anchor)
  const after = (text: string, anchor: string, lines: string): string => replaceOnce(text, anchor, anchor + lines)
  let changed = before(
    project,
    '/* End PBXBuildFile section */',
    SOURCES.map(
      ({ name, file, build }) =>
        `\t\t${build} /* ${name} in Sources */ = {isa = PBXBuildFile; fileRef = ${file} /* ${name} */; };\n`,
    ).join(''),
  )
  changed = before(
    changed,
    '/* End PBXFileReference section */',
    [
      ...SOURCES.map(
        ({ name, file }) =>
          `\t\t${file} /* ${name} */ = {isa = PBXFileReference; lastKnownFileType = sourcecode.swift; path = ${name}; sourceTree = "<group>"; };\n`,
      ),
      `\t\t${ENTITLEMENTS} /* App.entitlements */ = {isa = PBXFileReference; lastKnownFileType = text.plist.entitlements; path = App.entitlements; sourceTree = "<group>"; };\n`,
    ].join(''),
  )
  changed = after(
    changed,
    '\t\t\t\t9582B6822FE993A50072D4E8 /* SceneDelegate.swift */,\n',
    [
      ...SOURCES.map(({ name, file }) => `\t\t\t\t${file} /* ${name} */,\n`),
      `\t\t\t\t${ENTITLEMENTS} /* App.entitlements */,\n`,
    ].join(''),
  )
  changed = after(
    changed,
    '\t\t\t\t9582B6832FE993A70072D4E8 /* SceneDelegate.swift in Sources */,\n',
    SOURCES.map(({ name, build }) => `\t\t\t\t${build} /* ${name} in Sources */,\n`).join(''),
  )
  const setting = '\t\t\t\tINFOPLIST_FILE = App/Info.plist;\n'
  const configurations = changed.split(setting)
  if (configurations.length !== 3) throw new Error('the template has not two configurations of the app')
  return configurations.join(`\t\t\t\tCODE_SIGN_ENTITLEMENTS = App/App.entitlements;\n${setting}`)
}
