/** The client's entry points in a process that has no page, and a component that a server renders. */
import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'

import { REPOSITORY_ROOT } from '../support/repository.ts'

function run(program: string): string {
  const args = ['--import', 'tsx', '--conditions=source', '--input-type=module', '--eval', program]
  return execFileSync(process.execPath, args, { cwd: `${REPOSITORY_ROOT}/test`, encoding: 'utf8' })
}

/** Newer Nodes have one. */
const NO_PAGE = `delete globalThis.navigator`

it.each(['', '/react', '/tiptap', '/node'])('@y-sealed/client%s is imported without a page', (path) => {
  expect(
    run(`${NO_PAGE}\nconst { length } = Object.keys(await import('@y-sealed/client${path}'))\nconsole.log(length > 0)`),
  ).toBe('true\n')
})

it('a server renders a component with every hook', () => {
  const program = `
    import { createElement } from 'react'
    import { renderToString } from 'react-dom/server'
    import { useDocument, useMembers, usePresence, useSyncStatus, useYMap, useYText } from '@y-sealed/client/react'
    function Note() {
      const { state, document } = useDocument({}, 'link')
      const { kind } = useSyncStatus(document)
      return createElement('p', null, [state, kind, useMembers(document).length, usePresence(document).length, useYText(null),
        JSON.stringify(useYMap(null))].join(' '))
    }
    console.log(renderToString(createElement(Note)))`
  expect(run(program)).toBe('<p>opening syncing 0 0  {}</p>\n')
})
