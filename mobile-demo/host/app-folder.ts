/**
 * Where the built app lies.
 *
 * @module
 */
import { fileURLToPath } from 'node:url'

export const APP_FOLDER: string = fileURLToPath(new URL('../dist', import.meta.url))
