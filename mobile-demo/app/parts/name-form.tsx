/**
 * What this person wants to be called: asked once, where others are to see it first.
 *
 * @module
 */
import type { ReactElement } from 'react'

import { formTexts } from './form-texts.ts'
import { useAttempt } from './use-attempt.ts'

interface NameFormProps {
  /** What happens then, as the button says it. */
  readonly submit: string
  readonly onName: (name: string) => Promise<void>
}

export function NameForm({ submit, onName }: NameFormProps): ReactElement {
  const { isBusy, failure, run } = useAttempt()
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        const [name] = formTexts(event.currentTarget, 'name')
        if (name !== '') run(async () => await onName(name))
      }}
    >
      <label>
        Your name, for the members of your notes
        <input name="name" required maxLength={20} autoComplete="given-name" />
      </label>
      {failure !== null && <p role="alert">{failure}</p>}
      <button type="submit" className="primary" disabled={isBusy}>
        {submit}
      </button>
      <p className="quiet">
        It is sealed like the notes: the relay does not see it. You can change it in the settings.
      </p>
    </form>
  )
}
