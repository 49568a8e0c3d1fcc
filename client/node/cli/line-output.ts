/**
 * A live text on a pipe: lines as they become whole. When something changes that was printed already, the text is printed anew after a
 * line that says so.
 *
 * @module
 */

export interface LineOutput {
  /** Shows the text as it stands; the last line only when it is whole. */
  show(text: string): void
  /** Prints the rest. */
  end(text: string): void
}

/** `write` takes text as it is; controls have been made harmless by the caller. */
export function createLineOutput(write: (text: string) => void): LineOutput {
  let printed = ''
  const print = (upTo: string): void => {
    if (!upTo.startsWith(printed)) {
      if (!printed.endsWith('\n')) write('\n')
      write('--- the text has changed above; here it is again ---\n')
      printed = ''
    }
    if (upTo.length > printed.length) write(upTo.slice(printed.length))
    printed = upTo
  }
  return {
    show: (text) => print(text.slice(0, text.lastIndexOf('\n') + 1)),
    end: (text) => {
      print(text)
      if (text !== '' && !text.endsWith('\n')) write('\n')
    },
  }
}
