import { TimerWheel, WheelEntry } from './timer-wheel.js';

class Recorder extends WheelEntry {
  readonly fired: number[] = [];

  constructor(private readonly then: (now: number) => void = () => {}) {
    super();
  }

  override expire(now: number): void {
    this.fired.push(now);
    this.then(now);
  }
}

describe('TimerWheel', () => {
  let now: number;
  let wheel: TimerWheel;

  beforeEach(() => {
    now = 1000;
    wheel = new TimerWheel(10, () => now);
  });

  function at(time: number): void {
    now = time;
    wheel.advance();
  }

  it('fires once, never early, at most a tick late', () => {
    const entry = new Recorder();
    wheel.schedule(entry, 55);
    at(1050);
    expect(entry.fired).toEqual([]);
    at(1060);
    at(1100);
    expect(entry.fired).toEqual([1060]);
  });

  it('fires what is due at once on the next tick', () => {
    const entry = new Recorder();
    wheel.schedule(entry, 0);
    at(1010);
    expect(entry.fired).toEqual([1010]);
  });

  it('holds deadlines that are many turns away', () => {
    const entry = new Recorder();
    wheel.schedule(entry, 100_000);
    for (let time = 1000; time < 101_000; time += 10) at(time);
    expect(entry.fired).toEqual([]);
    at(101_000);
    expect(entry.fired).toEqual([101_000]);
  });

  it('misses nothing when time jumps', () => {
    const entries = [5, 500, 5000, 50_000].map((delay) => {
      const entry = new Recorder();
      wheel.schedule(entry, delay);
      return entry;
    });
    at(1_000_000);
    expect(entries.map(({ fired }) => fired.length)).toEqual([1, 1, 1, 1]);
  });

  it('forgets what is cancelled, and takes the last word on what is scheduled again', () => {
    const [cancelled, later] = [new Recorder(), new Recorder()];
    wheel.schedule(cancelled, 20);
    wheel.schedule(later, 20);
    wheel.cancel(cancelled);
    wheel.cancel(cancelled);
    wheel.schedule(later, 200);
    at(1100);
    expect([cancelled.fired, later.fired]).toEqual([[], []]);
    at(1200);
    expect(later.fired).toEqual([1200]);
  });

  it('lets an entry schedule itself, or cancel its neighbour, while it fires', () => {
    const neighbour = new Recorder();
    const entry: Recorder = new Recorder(() => {
      wheel.cancel(neighbour);
      wheel.schedule(entry, 20);
    });
    wheel.schedule(neighbour, 20);
    wheel.schedule(entry, 20);
    at(1020);
    at(1040);
    expect(entry.fired).toEqual([1020, 1040]);
    expect(neighbour.fired).toEqual([]);
  });
});
