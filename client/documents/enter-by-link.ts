/**
 * From a link to an open document: a device that is a member already just opens it, any other joins first. Rules KM12, LO6, AU12, CL11.
 *
 * @module
 */
import { bytesToBase64url, documentIdOf, equalBytes, SyncError, type SignedHead } from '@y-sealed/protocol'
import type * as Y from 'yjs'
import { joinByLink, type Joined } from '../links/join-by-link.ts'
import { linkDevice } from '../links/link-device.ts'
import { LINK_IS_OVER, linkError } from '../links/link-error.ts'
import type { LinkFragment } from '../links/link-fragment.ts'
import type { Membership } from '../members/membership.ts'
import { joinedMembership } from '../members/open-membership.ts'
import { forgetDocument } from '../members/stored-document.ts'
import { nameBytes, type Installation } from './installation.ts'
import type { OpenDocuments } from './open-documents.ts'
import type { SealedDocument } from './sealed-document.ts'
import { isStranger } from './stranger.ts'
import { whenChangeableWithin } from './when-synced.ts'

/** How long somebody looks at a link that does not open. */
const JOIN_TIMEOUT_MS = 20_000

export interface EntryOptions {
  readonly installation: Installation
  readonly open: OpenDocuments
  readonly link: LinkFragment
  readonly doc: Y.Doc | undefined
  /** This device has had to do with the document before. */
  readonly isKnown: boolean
}

/** Rejects as `SealedDocuments.openDocument` says. */
export async function enterByLink({ installation, open, link, doc, isKnown }: EntryOptions): Promise<SealedDocument> {
  const known = open.get(bytesToBase64url(documentIdOf(link.genesisHash)))
  if (known !== null) return known
  if (isKnown) {
    const document = await open.open(link.genesisHash, doc)
    if (await isLetInto(open, document)) return document
  }
  let document: SealedDocument | null
  let isCertain = true
  try {
    const joined = await becomeMember(installation, link)
    document = open.attach(joined.membership, doc)
    isCertain = joined.isCertain
  } catch (error) {
    const isOver = error instanceof SyncError && error.code === LINK_IS_OVER
    document = isOver && !isKnown ? await openAsMember({ installation, open, link, doc }) : null
    if (document === null) throw error
  }
  if (!isCertain && !(await isLetInto(open, document))) throw linkError(LINK_IS_OVER)
  return document
}

/**
 * A link for one is over for who has come by it: where a crash took the answer to the join, only opening the document tells that this device
 * belongs. `null` where it does not, or the relay cannot be reached; nothing is kept then. [KM12]
 */
async function openAsMember({
  installation,
  open,
  link,
  doc,
}: Omit<EntryOptions, 'isKnown'>): Promise<SealedDocument | null> {
  const { keys } = installation
  const documentId = documentIdOf(link.genesisHash)
  const document = await open.open(link.genesisHash, doc)
  try {
    await whenChangeableWithin(document.provider, JOIN_TIMEOUT_MS)
    if (document.role !== 'none' && isNoLess(document.provider.signedHead, link.head)) return document
  } catch {
    // Why it does not open is not what was asked: the link is over.
  }
  open.end(document)
  await document.provider.membership?.whenStored()
  await forgetDocument(keys, documentId)
  return null
}

/** By its head, does the relay show what it showed when the link was made? [LO6] */
function isNoLess(head: SignedHead | null, known: SignedHead): boolean {
  if (head === null || head.seq < known.seq) return false
  return head.seq > known.seq || equalBytes(head.transcript, known.transcript)
}

/** Joins, and keeps what the link says of the relay: a device that never saw the document notices one that shows less. [LO6] */
export async function becomeMember(
  installation: Installation,
  link: LinkFragment,
): Promise<{ readonly membership: Membership; readonly isCertain: boolean }> {
  const { device, keys, name } = installation
  const { genesisHash } = link
  const joined = await visit(installation, link, nameBytes(name))
  await installation.pinHeadKey(joined.headKey)
  await installation.store.append(documentIdOf(genesisHash), [], link.head)
  const membership = await joinedMembership({ genesisHash, device, keys, records: joined.records })
  return { membership, isCertain: membership.role !== 'none' }
}

async function visit(
  installation: Installation,
  link: LinkFragment,
  name: Uint8Array<ArrayBuffer> | null,
): Promise<Joined> {
  const keys = linkDevice(link.seed)
  const connection = installation.connectAs(keys, link.headKey)
  const { device, visits: endings } = installation
  const timeoutMs = JOIN_TIMEOUT_MS
  try {
    return await joinByLink({ link, linkDevice: keys, connection, device, name, timeoutMs, endings })
  } catch (error) {
    const pinned = await installation.pinnedHeadKey()
    const isOver = error instanceof SyncError && error.code === LINK_IS_OVER
    // A relay to which the link is a stranger's may just not be the one that it is of.
    throw isOver && pinned !== null && !equalBytes(pinned, link.headKey) ? linkError('RELAY_MISMATCH') : error
  }
}

/** As {@link isLetIn}; where that rejects, nobody has the document open. */
async function isLetInto(open: OpenDocuments, document: SealedDocument): Promise<boolean> {
  try {
    return await isLetIn(document)
  } catch (error) {
    open.end(document)
    throw error
  }
}

/** False when the relay says that this device is a stranger; true when it opens the document, or cannot be reached. Rejects for anything worse. */
function isLetIn(document: SealedDocument): Promise<boolean> {
  const { provider } = document
  if (provider.status === 'connected') return Promise.resolve(true)
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      provider.off('status', onStatus)
      provider.off('connection-close', onLoss)
      document.off('closed', onClosed)
      document.off('ended', onEnded)
    }
    const onStatus = provider.on('status', ({ status }) => {
      if (status !== 'connected') return
      stop()
      resolve(true)
    })
    const onLoss = provider.on('connection-close', ({ transient }) => {
      if (!transient) return
      stop()
      resolve(true)
    })
    const onEnded = document.on('ended', () => {
      stop()
      reject(new SyncError('OFFLINE', 'the document was closed before the relay had opened it'))
    })
    const onClosed = document.on('closed', (reason) => {
      stop()
      if (isStranger(reason.code)) resolve(false)
      else reject(reason)
    })
  })
}
