import { RedisRegistrationKeys, RegistrationRate, type Store } from '@carillon/persistence';

/** Makes a registration key and one in its place, ends both, and counts an attempt to register. */
export async function useRegistration(store: Store, app: string): Promise<string[]> {
  const keys = new RedisRegistrationKeys(store);
  const ids = ['r1', 'r2'];
  for (const id of ids) await keys.rotate({ id, app, secretHash: 'ff', createdAt: 0 }, 60_000);
  const opening = async (): Promise<string[]> =>
    (await Promise.all(ids.map((id) => keys.find(id)))).flatMap((key) => (key ? [`${key.id} opens`] : []));
  const opened = await opening();
  await keys.delete(app);
  const { attempts } = await new RegistrationRate(store).count('192.0.2.1');
  return [...opened, ...(await opening()), `attempt ${attempts}`];
}
