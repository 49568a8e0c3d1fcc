/** Every lie of the catalogue, told to the published Hocuspocus provider over our class. Rules CL30, CL60, CL61, CL65, LO6, EN13, CL6. */
import { tellEveryLie } from '../support/lies/tell-every-lie.ts'

tellEveryLie('Hocuspocus')
