/** The oldest Redis that has all the commands in use (XAUTOCLAIM, GEOSEARCH, ZRANGE BYSCORE, LMOVE). */
export const SUPPORTED = '6.2';

/** Whether a version, such as "7.0.15", is SUPPORTED or newer. */
export function isSupported(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 6 || (major === 6 && minor >= 2);
}
