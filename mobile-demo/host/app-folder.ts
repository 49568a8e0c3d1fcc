/**
 * Where the built app lies, and how.
 *
 * @module
 */
import { fileURLToPath } from 'node:url'

export const APP_FOLDER: string = fileURLToPath(new URL('../dist', import.meta.url))

/** Ends the name of a file that was made small by Brotli, beside the file itself. */
export const PACKED = '.br'
