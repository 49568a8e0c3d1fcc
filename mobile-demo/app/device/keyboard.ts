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
    const { height, offsetTop, scale } = viewport
    // Who has zoomed in sees less of the page, too, and is to find it as it was.
    const isZoomed = scale > 1.01
    style.setProperty('--visible-height', `${isZoomed ? height * scale : height}px`)
    style.setProperty('--visible-top', `${isZoomed ? 0 : offsetTop}px`)
  }
  viewport.addEventListener('resize', fit)
  viewport.addEventListener('scroll', fit)
  fit()
}
