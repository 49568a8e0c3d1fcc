/**
 * What was typed into the fields of a form, trimmed, in the order of the names; '' for a field that is not there.
 *
 * @module
 */
export function formTexts<const Names extends readonly string[]>(
  form: HTMLFormElement,
  ...names: Names
): { readonly [Index in keyof Names]: string } {
  const data = new FormData(form)
  const texts = names.map((name) => {
    const given = data.get(name)
    return typeof given === 'string' ? given.trim() : ''
  })
  return texts as unknown as { readonly [Index in keyof Names]: string }
}
