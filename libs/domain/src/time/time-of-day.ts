const TIME_OF_DAY = /^([01]\d|2[0-3]):([0-5]\d)$/;

/** `09:30` as minutes after midnight, 0 to 1439; undefined for anything else. */
export function minutesOfDay(text: unknown): number | undefined {
  const parts = typeof text === 'string' ? TIME_OF_DAY.exec(text) : null;
  return parts ? Number(parts[1]) * 60 + Number(parts[2]) : undefined;
}
