export default async function globalTeardown() {
  await globalThis.__carillonTestRedis?.stop();
}
