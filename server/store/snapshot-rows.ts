/**
 * How a snapshot's envelope is cut into rows: all but the last hold the same number of bytes, whatever the pieces were in which it came, so
 * that the row of any offset is known. Rule FR18.
 *
 * @module
 */
import { MAX_CHUNK_BYTES } from '@y-sealed/protocol'

/** Bytes of a row: one frame's worth. */
export const ROW_BYTES: number = MAX_CHUNK_BYTES
