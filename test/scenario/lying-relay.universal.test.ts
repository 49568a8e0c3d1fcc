/** Every lie of the catalogue, told to our own provider. Rules CL30, LO3, LO4, LO6, EN13, CL6. */
import { tellEveryLie } from '../support/lies/tell-every-lie.ts'

tellEveryLie('SealedProvider')
