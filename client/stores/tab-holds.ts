/**
 * What goes on in one tab of a device, and dies with it: the others can ask. The port.
 *
 * @module
 */

export interface TabHolds {
  /** Something of that name goes on in this tab, until what it gives is called or the tab is gone, however it goes. Resolves when others can tell. */
  hold(name: string): Promise<() => void>
  /** Does something of that name go on in any tab, this one too? False where nobody can tell. */
  isHeld(name: string): Promise<boolean>
}
