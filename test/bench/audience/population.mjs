import { deriveCredentials, newToken } from '../../../dist/libs/auth/src/index.js';

/** Where every twentieth device is, within 10 km. */
export const CENTRE = { lat: 31.23, lon: 121.47 };
export const RADIUS = 10_000;
const PAGE = 1_000;

/**
 * Registers devices, each with 5 tags, 3 attributes and a position. One is made by the repository; the others are copies of its record with values
 * of their own, written as the script `write-device` writes them, for a million log-ins to derive would take hours.
 */
export class Population {
  constructor(store, devices, count) {
    this.store = store;
    this.devices = devices;
    this.count = count;
  }

  async register() {
    await this.devices.create('default', 'template', changesOf(0), await deriveCredentials(newToken()));
    const { client, keys } = this.store;
    const template = await client.hgetall(keys.device(this.store.partitionOf('template'), 'template'));
    for (let i = 0; i < this.count; i += PAGE) await this.write(i, template);
  }

  async write(from, template) {
    const { client, keys } = this.store;
    const pipeline = client.pipeline();
    for (let i = from; i < Math.min(this.count, from + PAGE); i++) {
      const id = `device-${i}`;
      const partition = this.store.partitionOf(id);
      const { tags, attributes, position } = changesOf(i);
      const fields = Object.entries(template).filter(([name]) => !/^[tag]:/.test(name));
      const own = { lat: String(position.lat), lon: String(position.lon), positionAt: String(position.at) };
      for (const tag of tags) own[`t:${tag}`] = '1';
      for (const [name, value] of Object.entries(attributes)) own[`a:${name}`] = JSON.stringify(value);
      if (isMember(i)) own['g:everybody'] = '1';
      pipeline.hset(keys.device(partition, id), ...fields.flat(), ...Object.entries(own).flat());
      pipeline.sadd(keys.allDevices(partition, 'default'), id);
      for (const tag of tags) pipeline.sadd(keys.tag(partition, 'default', tag), id);
      if (isMember(i)) pipeline.sadd(keys.groupDevices(partition, 'default', 'everybody'), id);
      pipeline.geoadd(keys.positions(partition, 'default'), position.lon, position.lat, id);
    }
    for (const [error] of await pipeline.exec()) if (error) throw error;
  }
}

const isMember = (i) => i % 100 !== 0;

function changesOf(i) {
  const tags = ['de', `tier-${i % 3}`, `cohort-${i % 50}`, i % 10 ? 'loud' : 'muted', `release-${i % 7}`];
  const attributes = { plan: ['free', 'pro', 'team'][i % 3], age: 18 + (i % 60), city: `city-${i % 500}` };
  return { tags, attributes, position: { ...placeOf(i), at: Date.now() } };
}

/** A golden spiral: even over the circle, the same in every run. */
function placeOf(i) {
  if (i % 20 !== 0)
    return { lat: ((i * 7919) % 120_000) / 1_000 - 60, lon: ((i * 104_729) % 360_000) / 1_000 - 180 };
  const distance = 0.98 * Math.sqrt(((i / 20) % 50_000) / 50_000) * (RADIUS / 111_320);
  const angle = i * 2.399963;
  const narrowing = Math.cos((CENTRE.lat * Math.PI) / 180);
  return {
    lat: CENTRE.lat + distance * Math.sin(angle),
    lon: CENTRE.lon + (distance * Math.cos(angle)) / narrowing,
  };
}
