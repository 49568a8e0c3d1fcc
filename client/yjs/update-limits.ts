/**
 * How much one Yjs update may ask of its reader. Run-length columns let twenty bytes speak of 2^50 structs; these numbers
 * are part of what makes an entry count, so every client must have the same. Rules CL3 (a), (b), (g), (h).
 *
 * @module
 */

/**
 * Structs of any update, however short. Honest ones have no least size: a table of 3 000 × 60 empty cells pasted at once
 * is 183 000 structs in 39 KB, and a map whose two keys were set in turn has one for each set and 66 bytes at all. So
 * many cost a reader some 90 MiB. [CL3]
 */
export const STRUCTS_FLOOR = 262_144
/** And so many more for each byte: a text typed from its end to its beginning has one for each letter. [CL3] */
export const STRUCTS_PER_BYTE = 1
/** And never more, as each costs its reader 200 to 300 bytes: 260 000 edits of a real paper leave 11 000. [CL3] */
export const MAX_STRUCTS = 524_288
/** Arrays and objects within arrays and objects, in one value. Deeper ones overflow some engines' stacks and not others'. [CL3] */
export const MAX_VALUE_NESTING = 256
/** Shared types within shared types, all made by one update: Yjs deletes them by recursion. [CL3] */
export const MAX_TYPE_NESTING = 256

/** Why an update does not count. Stable; [CL3] */
export type UpdateRefusal =
  /** No Yjs V2 update, or not that alone. */
  | 'undecodable'
  /** Neither structs nor deletes. */
  | 'empty'
  /** A Skip struct. */
  | 'skip'
  /** A struct of length 0. */
  | 'length'
  /** More structs than its bytes justify, or than any update may have. */
  | 'too-many'
  /** A value or a type too deep. */
  | 'nesting'
  /** Content that Yjs would take and could not write again. */
  | 'content'
  /** One client's structs, or deletes, in two blocks: of structs Yjs would see only the last. */
  | 'repeated'
  /** A client's structs begin above the known clock. */
  | 'gap'
  /** A clock grows too far. */
  | 'growth'
  /** A clock grows whose client belongs to no or another device. */
  | 'unbound'
  /** A left neighbour that is not there. */
  | 'origin'
  /** A right neighbour that is not there. */
  | 'right-origin'
  /** A parent that is not there. */
  | 'parent'
  /** Structs that wait for each other. */
  | 'cycle'
  /** A delete of what is not there. */
  | 'delete-range'
