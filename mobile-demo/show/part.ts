/**
 * Parts of the page, which stand in its HTML or are made here.
 *
 * @module
 */

/** An element of the page. Throws `Error` where there is none. */
export function part(id: string): HTMLElement {
  const element = document.querySelector<HTMLElement>(`#${id}`)
  if (element === null) throw new Error(`the page has no #${id}`)
  return element
}

/** A new element with a text in it. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  text = '',
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  element.className = className
  element.textContent = text
  return element
}
