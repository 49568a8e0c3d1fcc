/**
 * Ten abusers in a process of their own: what they do must cost their victims' process nothing but what the relay lets through.
 *
 * @module
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

import type { Report } from './abuse-main.ts'
import type { Target } from './abuse/ground.ts'

const MAIN = fileURLToPath(new URL('abuse-main.ts', import.meta.url))

export type AbuseReport = Extract<Report, { readonly type: 'done' }>

export interface AbuseProcess {
  /** Begins, or goes on after a rest. */
  begin(): void
  /** Begins no more rounds; what is under way comes to its end. */
  rest(): void
  /** Has every abuser met all that it is to be refused by? */
  readonly isEveryoneRefused: boolean
  /** Stops it, and resolves with how each abuser was refused. */
  end(): Promise<AbuseReport>
}

/** Resolves when the abusers have all that they need, and wait. */
export async function startAbuse(target: Target): Promise<AbuseProcess> {
  const child = fork(MAIN, {
    execArgv: ['--import', 'tsx', '--conditions=source'],
    env: { ...process.env, NODE_OPTIONS: '', ABUSE_TARGET: JSON.stringify(target) },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = once(child, 'exit').then(() => null)
  let isEveryoneRefused = false
  let hear: (told: Report) => void = () => {}
  child.on('message', (told: Report) => {
    if (told.type === 'all-refused') isEveryoneRefused = true
    else hear(told)
  })
  const next = async (): Promise<Report> => {
    const told = await Promise.race([new Promise<Report>((resolve) => (hear = resolve)), ended])
    if (told === null) throw new Error('the abusers’ process ended by itself')
    return told
  }
  await next()
  return {
    begin: () => void child.send('begin'),
    rest: () => void child.send('rest'),
    get isEveryoneRefused() {
      return isEveryoneRefused
    },
    async end() {
      const done = next()
      child.send('end')
      return (await done) as AbuseReport
    },
  }
}
