/** The XMPP accounts of the benchmark: `u0` to `u10199`, each with the password of its number, as the load generator assumes. */
export const ACCOUNTS = 10_200;

export const usernameOf = (i) => `u${i}`;
export const passwordOf = (i) => `p${i}`;

const AT_ONCE = 16;

/** Does something for each account, several at once. */
export async function forEachAccount(work) {
  let next = 0;
  const lane = async () => {
    for (let i = next++; i < ACCOUNTS; i = next++) await work(i);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}
