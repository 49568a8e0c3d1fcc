/**
 * `npm start` for tests: it ends as soon as the process that started it has ended, and is held up by nothing of this.
 *
 * @module
 */
process.once('disconnect', () => process.exit())
process.channel?.unref()

await import('../../../mobile-demo/start.ts')

export {}
