import { AREA, AudienceBench, GROUP_NOT_TAG } from '../audience/measure-audience.mjs';

const rate = (of, title) => ({ title, of, targets: [{ must: 100_000 }] });
const byClock = rate((figures) => figures.devices_per_s, 'devices a second');
const byProcessor = rate((figures) => figures.devices_per_cpu_s, 'devices per CPU second');
const answer = { title: 'ms', of: ({ ms }) => ms, less: true, targets: [{ must: 1_000 }] };

/** A case's `run` makes one figure; all of them work on the same million devices. */
export const suite = {
  name: 'audience',
  title: 'Audiences',
  ours: ['library'],
  peers: [{ name: 'library' }],
  start: (directory) => AudienceBench.start(directory, Number(process.env.BENCH_DEVICES ?? 1_000_000)),
  cases: [
    {
      name: 'memory',
      title: 'memory of Redis a device, with 5 tags, a position and 3 attributes',
      run: (bench) => bench.memoryCase(),
      metrics: [
        { title: 'bytes', of: (figures) => figures.bytes_per_device, less: true, targets: [{ must: 1_536 }] },
      ],
    },
    {
      name: 'area',
      title: `an area of 10 km with 50,000 inside`,
      run: (bench) => bench.resolve(AREA),
      metrics: [byClock, byProcessor],
    },
    {
      name: 'group-not-tag',
      title: '`group and not tag` over all',
      run: (bench) => bench.resolve(GROUP_NOT_TAG),
      metrics: [byClock, byProcessor],
    },
    {
      name: 'preview-area',
      title: 'preview of the area',
      run: (bench) => bench.preview(AREA),
      metrics: [answer],
    },
    {
      name: 'preview-group-not-tag',
      title: 'preview of `group and not tag`',
      run: (bench) => bench.preview(GROUP_NOT_TAG),
      metrics: [answer],
    },
    {
      name: 'fences',
      title: 'positions against 10,000 geofences',
      run: (bench) => bench.fences(10_000, 20_000),
      metrics: [
        { title: 'positions a second', of: (figures) => figures.positions_per_s, targets: [{ must: 1_000 }] },
        {
          title: 'positions per CPU second',
          of: (figures) => figures.positions_per_cpu_s,
          targets: [{ must: 1_000 }],
        },
      ],
    },
  ],
};
