/**
 * The app is as high as what can be seen of it: on iPhones the keyboard lies over the page, and only the visual viewport tells.
 *
 * @module
 */

export function followKeyboard(): void {
  const viewport = window.visualViewport
  if (viewport === null) return
  const { style } = document.documentElement
  const fit = (): void => {
    style.setProperty('--visible-height', `${viewport.height}px`)
    style.setProperty('--visible-top', `${viewport.offsetTop}px`)
  }
  viewport.addEventListener('resize', fit)
  viewport.addEventListener('scroll', fit)
  fit()
}
