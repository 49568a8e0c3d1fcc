/** Whether two documents hold the same, as an import asks before it says so. */
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'

import { holdsTheSame } from '../../../client/node/migrate/same-content.ts'

function docOf(client: number, ...words: readonly string[]): Y.Doc {
  const doc = new Y.Doc()
  doc.clientID = client
  for (const word of words) doc.getText('note').insert(doc.getText('note').length, word)
  return doc
}

describe('two documents', () => {
  it('hold the same where one was made of the other’s updates, in whatever pieces', () => {
    const doc = docOf(7, 'pay ', 'Bob')
    const copy = new Y.Doc()
    Y.applyUpdateV2(copy, Y.encodeStateAsUpdateV2(doc))
    expect(holdsTheSame(copy, doc)).toBe(true)
    expect(holdsTheSame(docOf(7, 'pay Bob'), doc)).toBe(true)
  })

  it.each([
    ['another word of as many letters, by the same client', docOf(7, 'pay ', 'Eve')],
    ['less', docOf(7, 'pay ')],
    ['the same by another client', docOf(8, 'pay ', 'Bob')],
  ])('do not where one holds %s', (_, other) => {
    expect(holdsTheSame(other, docOf(7, 'pay ', 'Bob'))).toBe(false)
  })

  it('do not where something is deleted in one', () => {
    const doc = docOf(7, 'pay ', 'Bob')
    doc.getText('note').delete(0, 1)
    expect(holdsTheSame(doc, docOf(7, 'pay ', 'Bob'))).toBe(false)
  })
})
