import { describe, expect, inject, it, vi } from 'vitest'

import { createPerson, expectText, textOf, whoIsIn, write } from '../support/person.ts'

const relay = inject('relay')

describe('one person alone', () => {
  it('[CL12] makes a note, finds it in the list, and opens it again by its id', async () => {
    const { documents } = await createPerson({ relay, name: 'Alice' })
    const note = await documents.createDocument({ name: 'Shopping' })
    await write(note, 'milk')
    await vi.waitFor(() => expect(documents.list()).toMatchObject([{ id: note.id, name: 'Shopping', isReady: true }]))
    expect(whoIsIn(note)).toEqual(['Alice: admin, 1'])
    note.close()
    const again = await documents.openDocument(note.id)
    await again.provider.whenSynced()
    expect(textOf(again)).toBe('milk')
    await documents.rename(note.id, 'Groceries')
    expect(documents.list()).toMatchObject([{ name: 'Groceries' }])
  })
})
