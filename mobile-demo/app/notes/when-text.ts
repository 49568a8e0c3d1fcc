/**
 * A time as people say it: by the clock today, by its day this year.
 *
 * @module
 */

export function whenText(time: Date, now: Date = new Date()): string {
  const isSameDay = (days: number): boolean => {
    const day = new Date(now)
    day.setDate(day.getDate() - days)
    return day.toDateString() === time.toDateString()
  }
  const clock = time.toLocaleTimeString([], { timeStyle: 'short' })
  if (isSameDay(0)) return `Today, ${clock}`
  if (isSameDay(1)) return `Yesterday, ${clock}`
  const isThisYear = time.getFullYear() === now.getFullYear()
  return time.toLocaleDateString([], isThisYear ? { day: 'numeric', month: 'short' } : { dateStyle: 'medium' })
}
