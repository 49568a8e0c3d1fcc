/** A document in a file that falls into other hands, and a past that is told otherwise. */
import { importDocument } from '@y-sealed/client'
import {
  concatBytes,
  encodeAuthoredUpdate,
  equalBytes,
  ExportReader,
  ExportWriter,
  readWholeEnvelope,
  sodiumSha512,
  type Bytes,
  type Envelope,
  type ExportHeader,
  type ExportPart,
} from '@y-sealed/protocol'
import { createDeviceSeeds, Device } from '@y-sealed/protocol/sealing'
import { describe, expect, it } from 'vitest'

import { exportDocument } from '../../client/export/export-document.ts'
import { groupEdits } from '../../client/history/edit-groups.ts'
import { EditTable } from '../../client/history/edit-table.ts'
import { readOlderLog } from '../../client/history/older-log.ts'
import { DocumentLog } from '../../client/log/document-log.ts'
import { createMemoryDocumentStore, type StoredEntry } from '../../client/stores/document-store.ts'
import { turnBit } from '../support/lying-relay.ts'
import { addDevice } from '../support/members/intents.ts'
import { createNote, type Note } from '../support/members/note.ts'

interface Scene {
  readonly note: Note
  readonly file: Bytes
  readonly key: string
}

/** Alice and Bob write; Alice's device puts it in a file. */
async function exportNote(): Promise<Scene> {
  const note = await createNote()
  const bob = await note.add('writer')
  note.append(note.creator.bind(), bob.bind())
  for (let i = 0; i < 5; i++) {
    note.append(note.creator.type('secret-of-alice '))
    note.append(bob.type('secret-of-bob '))
  }
  const store = createMemoryDocumentStore()
  await store.append(
    note.documentId,
    note.entries.map(({ seq, envelope }) => ({ seq, envelope: envelope.bytes })),
  )
  const { membership, log } = note.creator
  const made = exportDocument({ access: membership, epochs: [1], place: log.head, signed: null, store, unsaved: 0 })
  const pieces: Bytes[] = []
  for await (const piece of made.chunks) pieces.push(piece)
  return { note, file: concatBytes(...pieces), key: made.key }
}

/** The file as somebody makes it who knows how. */
function rewritten(file: Bytes, change: (part: ExportPart) => ExportPart): Bytes {
  const reader = new ExportReader(sodiumSha512)
  const parts = [...reader.take(file)].map(change)
  const writer = new ExportWriter(sodiumSha512, (reader.header as ExportHeader).genesis)
  return concatBytes(writer.header, ...parts.map((part) => writer.write(part)))
}

const code = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'opened',
    (error: unknown) => (error as { code?: unknown }).code,
  )

describe('an exported document in other hands', () => {
  it('T43 [EX4] says nothing without its key, and opens with no other', async () => {
    const { file, key } = await exportNote()
    expect(new TextDecoder('latin1').decode(file)).not.toMatch(/secret-of/)
    expect(await code(importDocument(file))).toBe('EXPORT_KEY')
    const other = await exportNote()
    expect(await code(importDocument(file, { key: other.key }))).toBe('EXPORT_WRONG_KEY')
    expect(await code(importDocument(file, { key }))).toBe('opened')
  })

  it('T43 [EX3] [EX5] whose entries were changed, and its chain made anew, is refused', async () => {
    const { file, key } = await exportNote()
    // In prev, in seen, in the ciphertext, in the signature.
    for (const at of [60, 85, 140, -1]) {
      const forged = rewritten(file, (part) => {
        if (part.type !== 'entries') return part
        const envelopes = part.envelopes.map((envelope, index) =>
          index === 6 ? (readWholeEnvelope(turnBit(envelope.bytes, at)) as Envelope) : envelope,
        )
        return { ...part, envelopes }
      })
      expect([at, await code(importDocument(forged, { key }))]).toEqual([at, 'EXPORT_DAMAGED'])
    }
  })

  it('T43 [EX5] whose records leave a member out, or whose end is another, is refused', async () => {
    const { note, file, key } = await exportNote()
    const fewer = rewritten(file, (part) =>
      part.type === 'records' ? { ...part, records: part.records.slice(0, 1) } : part,
    )
    const later = rewritten(file, (part) => (part.type === 'end' ? { ...part, seq: part.seq + 1 } : part))
    const keyless = rewritten(file, (part) => (part.type === 'keys' ? { ...part, sealed: part.sealed.slice(1) } : part))
    // A member that no entry brings, behind the end.
    const more = rewritten(file, (part) => {
      if (part.type !== 'records') return part
      const stranger = note.creator.record(addDevice(new Device(createDeviceSeeds()), 'writer'))
      return { ...part, records: [...part.records, { seq: note.entries.length + 1, envelope: stranger }] }
    })
    expect(await code(importDocument(later, { key }))).toBe('EXPORT_DAMAGED')
    expect(await code(importDocument(more, { key }))).toBe('EXPORT_DAMAGED')
    expect(await code(importDocument(keyless, { key }))).toBe('EXPORT_WRONG_KEY')
    // The log itself brings the record: the list only says it sooner.
    const opened = await importDocument(fewer, { key })
    expect(opened.membership?.members.all.length).toBe(2)
  })
})

describe('a past that is told otherwise', () => {
  it('T44 [HI2] is not believed unless it leads to where the device went on', async () => {
    const { note } = await exportNote()
    const { membership } = note.creator
    const full = new DocumentLog(membership)
    full.take(note.entries)
    // A device that began at this place knows its transcript and nothing before it.
    const live = { baseSeq: note.entries.length, compareTranscript: full.compareTranscript.bind(full) } as DocumentLog
    const honest = note.entries.map(({ seq, envelope }) => ({ seq, envelope: envelope.bytes }))
    const tell = (entries: readonly StoredEntry[]): ReturnType<typeof readOlderLog> =>
      readOlderLog({
        access: membership,
        live,
        source: { read: async (after) => entries.filter(({ seq }) => seq > after), snapshot: async () => null },
      })
    expect((await tell(honest))?.edits.length).toBe(10)
    const turned = honest.map((entry) =>
      entry.seq === 7 ? { ...entry, envelope: turnBit(entry.envelope, 140) } : entry,
    )
    expect(await code(tell(turned))).toBe('LOG_INVALID')
    const dropped = honest.filter(({ seq }) => seq !== 7).map(({ envelope }, index) => ({ seq: index + 1, envelope }))
    expect(await tell(dropped)).toBeNull()
  })

  it('T45 [EN10] [HI1] by a member who lies about the time moves nobody else’s edits, and hides none', async () => {
    const note = await createNote()
    const bob = await note.add('writer')
    note.append(note.creator.bind(), bob.bind())
    const claim = (who: typeof bob, authored: number): void =>
      void note.append(who.seal(encodeAuthoredUpdate({ authored, update: who.edit('word ') })))
    const noon = Date.UTC(2026, 0, 1, 12)
    for (let i = 0; i < 4; i++) {
      claim(note.creator, noon + 1_000 * i)
      claim(bob, [2 ** 53 - 1, 0, 1, noon][i] as number)
    }
    const edits = new EditTable()
    for (const outcome of new DocumentLog(note.creator.membership).take(note.entries)) edits.take(outcome)
    const groups = groupEdits(edits, String)
    expect(groups.reduce((sum, group) => sum + group.edits, 0)).toBe(8)
    expect(groups.map(({ seq }) => seq)).toEqual(groups.map(({ seq }) => seq).toSorted((one, other) => one - other))
    // Alice made no pause: whatever Bob claims, hers is one sitting.
    const hers = groups.filter(({ devices }) => devices.some((device) => equalBytes(device, note.creator.device.id)))
    expect(hers.length).toBe(1)
  })
})
