/**
 * A page that goes out of view and comes back, as the connection tells it. Rule CL21.
 *
 * @module
 */
import type { RelayConnection } from '../connection/relay-connection.ts'

/** Calls back at each change. Returns how to stop. */
export function watchView(connection: RelayConnection, onChange: (isHidden: boolean) => void): () => void {
  const onHidden = (): void => onChange(true)
  const onShown = (): void => onChange(false)
  connection.on('hidden', onHidden)
  connection.on('shown', onShown)
  return () => {
    connection.off('hidden', onHidden)
    connection.off('shown', onShown)
  }
}
