/**
 * Goes on with a value at once, or when its promise settles: a hook that answers synchronously costs no promise.
 * What a hook throws or rejects with goes to `failed`.
 */
export function whenSettled<T>(
  ask: () => T | Promise<T>,
  then: (value: T) => void | Promise<void>,
  failed: (error: unknown) => void,
): void | Promise<void> {
  let value: T | Promise<T>;
  try {
    value = ask();
  } catch (error) {
    return failed(error);
  }
  if (value instanceof Promise) return value.then(then, failed);
  return then(value);
}
