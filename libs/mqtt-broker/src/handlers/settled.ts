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
  if (isPromise(value)) return value.then(then, failed);
  return then(value);
}

/** Promises of any realm, and of any library. */
export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}
