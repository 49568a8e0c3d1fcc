/**
 * Honest people editing one document at once: what they do, and how their updates travel, by a seed.
 *
 * @module
 */
import * as Y from 'yjs'

import type { Bytes } from '@y-sealed/protocol'
import { feedUpdate, neutralise } from '../../../../client/yjs/feed-update.ts'

/** A step of somebody: `kind` picks what, `at` and `size` where and how much. */
export interface Step {
  readonly who: number
  readonly kind: number
  readonly at: number
  readonly size: number
}

/** One person: a Doc, what it has not sent yet, and an undo manager. */
export class Person {
  readonly doc: Y.Doc
  readonly device: Bytes
  readonly undo: Y.UndoManager
  unsent: Bytes[] = []

  constructor(index: number, { gc }: { readonly gc: boolean }) {
    this.doc = new Y.Doc({ gc })
    this.doc.clientID = 1000 + index
    this.device = new Uint8Array(16).fill(index + 1)
    const { doc } = this
    const types = [doc.getText('text'), doc.getArray('array'), doc.getMap('map'), doc.getXmlFragment('xml')]
    this.undo = new Y.UndoManager(types, { captureTimeout: 0 })
    doc.on('updateV2', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'log') this.unsent.push(update as Bytes)
    })
  }

  /** One edit; what it does follows from the step and the Doc alone. */
  edit({ kind, at, size }: Step): void {
    const { doc } = this
    const text = doc.getText('text')
    const array = doc.getArray<unknown>('array')
    const map = doc.getMap<unknown>('map')
    const xml = doc.getXmlFragment('xml')
    const place = (length: number): number => (length === 0 ? 0 : at % (length + 1))
    const cut = (length: number): [number, number] => [at % length, Math.min(1 + (size % 5), length - (at % length))]
    switch (kind % 16) {
      case 0:
      case 1:
        // No surrogate pairs: Yjs 13.6 diverges by itself where an edit cuts one in two (yjs issue 248).
        return text.insert(place(text.length), 'é漢lorem ipsum'.slice(0, 3 + (size % 8)))
      case 2:
        return text.length > 0 ? text.delete(...cut(text.length)) : undefined
      case 3:
        return text.length > 0 ? text.format(...cut(text.length), { bold: size % 2 === 0 ? true : null }) : undefined
      case 4:
        return text.insertEmbed(place(text.length), { image: `${at}` }, { width: size })
      case 5:
        return array.insert(place(array.length), [at, { deep: [size, null, undefined, 12n] }, 'x', 1.5, true])
      case 6:
        return array.insert(place(array.length), [new Y.Map([['k', new Y.Text('inner')]]), Uint8Array.of(1, 2, 3)])
      case 7:
        return array.length > 0 ? array.delete(...cut(array.length)) : undefined
      case 8:
        map.set(`key${at % 3}`, size % 3 === 0 ? new Y.Array<unknown>() : size)
        return
      case 9: {
        const nested = map.get(`key${at % 3}`)
        if (nested instanceof Y.Array) nested.insert(0, [at, new Y.Map()])
        else map.delete(`key${at % 3}`)
        return
      }
      case 10: {
        const element = new Y.XmlElement(`p${at % 3}`)
        element.insert(0, [new Y.XmlText('words'), new Y.XmlElement('b')])
        element.setAttribute('class', `c${size}`)
        return xml.insert(place(xml.length), [element])
      }
      case 11: {
        const element = xml.length > 0 ? xml.get(at % xml.length) : undefined
        const inner = element instanceof Y.XmlElement && element.length > 0 ? element.get(0) : undefined
        if (inner instanceof Y.XmlText) inner.insert(place(inner.length), 'more')
        else if (xml.length > 0) xml.delete(at % xml.length, 1)
        return
      }
      case 12: {
        const options = size % 2 === 0 ? { meta: { at } } : { autoLoad: true, gc: false }
        map.set('sub', new Y.Doc({ guid: `guid${at}`, ...options }))
        return
      }
      case 13:
        this.undo.undo()
        return
      case 14:
        this.undo.redo()
        return
      default:
        doc.transact(() => {
          for (let i = 0; i < 20; i++) text.insert(0, 'z')
          for (let i = 0; i < 5; i++) array.insert(0, [new Y.Map()])
        })
    }
  }

  /** A page of the log in one transaction. */
  apply(updates: readonly Bytes[]): void {
    this.doc.transact(() => {
      for (const update of updates) {
        if (neutralise(this.doc, update) !== update) throw new Error('an honest update is altered')
        feedUpdate(this.doc, update, 'log')
      }
    }, 'log')
  }
}

/** Whether nothing waits inside Yjs. */
export function isNothingPending(doc: Y.Doc): boolean {
  return doc.store.pendingStructs === null && doc.store.pendingDs === null
}

/** What people would see. */
export function contentOf(doc: Y.Doc): unknown {
  return {
    text: doc.getText('text').toDelta() as unknown,
    array: doc.getArray('array').toJSON() as unknown,
    map: [...doc.getMap('map').keys()].toSorted(),
    xml: doc.getXmlFragment('xml').toJSON(),
    clocks: new Map([...doc.store.clients.keys()].map((client) => [client, Y.getState(doc.store, client)])),
  }
}
