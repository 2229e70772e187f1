/** What comes from elsewhere may begin small and end without a stop. */
export function sentenceOf(text: string): string {
  const whole = /[.!?]$/.test(text) ? text : `${text}.`;
  return whole.charAt(0).toUpperCase() + whole.slice(1);
}
