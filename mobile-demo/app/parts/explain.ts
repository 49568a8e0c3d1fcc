/**
 * Errors in a person's words: what happened, what it means, what to do next. The codes are the client's.
 *
 * @module
 */

const WORDS: Readonly<Record<string, string>> = {
  OFFLINE: 'There is no connection to the relay. What you wrote is kept on this device; try again when you are online.',
  LINK_MALFORMED: 'That is no invite link, or a part of it is missing. Ask for it once more, and copy all of it.',
  LINK_VERSION: 'The link was made by a newer app. Reload this page, then open the link again.',
  NOT_A_DOCUMENT: 'That link pairs a device; it opens no note. Use “Add this device” in the settings.',
  LINK_EXPIRED_OR_REVOKED:
    'The link does not let anybody in any more: it was taken back, used up, or is too old. Ask for a new one.',
  LINK_KEY_VOID: 'The link does not open the note. Ask for a new one.',
  RELAY_MISMATCH:
    'The relay at this address is not the one that the link was made at. Nothing was opened: tell whoever sent you the link.',
  ROLLBACK:
    'The relay shows less than it did when the link was made. Nothing was overwritten: tell whoever runs the relay.',
  FORK: 'The relay shows another history than when the link was made. Nothing was overwritten: tell whoever runs the relay.',
  GENESIS_CONFLICT:
    'The link claims to be a note that you have, and is not. It was not opened: somebody may be trying to deceive you.',
  RELAY_NOT_ALLOWED:
    'This app may not speak to that relay, so nothing was changed: whoever serves the app has not named it (npm start -- --relay). Ask them to, or open the app at the relay’s own address.',
  UNKNOWN_DOCUMENT: 'The relay does not know this note. If it was just made, its author has not been online since.',
  DELETED: 'This note was deleted for everybody.',
  ACCESS_PENDING: 'Another of your devices has yet to let this one in. Open the app there.',
  NOT_A_MEMBER: 'You are not a member of this note any more. What this device had read stays readable here.',
  REMOVED: 'You were removed from this note. What was written before stays readable here; nothing new arrives.',
  TOO_MANY_OPEN: 'Too many notes are open in this tab. Close some, or reload the page.',
  NOT_DELETED: 'There is no connection to the relay, so the note is still here. Delete it when you are online.',
  LAST_ADMIN: 'A note needs somebody who looks after it: make another member an admin first, or delete the note.',
  FORBIDDEN: 'Only an admin of the note may do that.',
  KEY_STORE_DAMAGED:
    'The keys that this browser keeps do not open any more. Nothing was overwritten. Use your recovery key on another device, or clear the site’s data to begin anew.',
  STORAGE_UNAVAILABLE:
    'This browser keeps nothing for the page (private browsing or lockdown). Notes live only as long as this page.',
  STORAGE_FULL: 'This device has no room left. Free some, then try again: what you wrote is still in this page.',
  STORAGE_NEWER: 'Another tab has loaded a newer version of the app. Reload this page.',
  PAIRING_EXPIRED: 'The code is too old. Show a new one.',
  PAIRING_CODE: 'The code is not right. Look at the other device and type it again.',
  PAIRING_REFUSED: 'The other device said no.',
  PAIRING_CLOSED: 'The other device has stopped pairing.',
  PAIRING_DISTURBED:
    'Something interfered with the pairing, so it was ended. Begin again, with both devices before you.',
  NOT_A_PAIRING: 'That is no pairing code.',
  RECOVERY_KEY: 'That is not the key of this recovery file.',
  RECOVERY_FILE: 'The recovery file is damaged, or is another kind of file.',
  RECOVERY_VERSION:
    'That is no recovery file, or one that a newer app has made. Choose the file that you saved with the key, or reload this page.',
  RECOVERY_OUTDATED: 'The device of this recovery file was removed since. Pair with a device that you still have.',
  HISTORY_TRIMMED: 'Versions that old are not kept any more.',
}

export function explain(error: unknown): string {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  const known = typeof code === 'string' ? WORDS[code] : undefined
  return (
    known ??
    `Something unexpected happened (${typeof message === 'string' ? message : 'no reason given'}). Nothing was lost; try again.`
  )
}
