import { Injectable } from '@nestjs/common';
import { deliveryTime, type Notification, openFor } from '@carillon/domain';
import {
  type Closing,
  DeliveryCloser,
  type DeviceFacts,
  readDeviceFacts,
  Store,
  WaitingDevices,
} from '@carillon/persistence';

/** Writes down when each device of a paced notification has its turn. Doing it again changes nothing. */
@Injectable()
export class Enlister {
  private readonly closer: DeliveryCloser;

  constructor(
    private readonly store: Store,
    private readonly waiting: WaitingDevices,
  ) {
    this.closer = new DeliveryCloser(store);
  }

  /** @param deviceIds of one partition */
  async enlist(notification: Notification, partition: number, deviceIds: readonly string[]): Promise<void> {
    const { deliverAt, clock } = notification.pace!;
    const isOwn = deliverAt !== undefined || clock === 'device';
    const facts = isOwn ? await readDeviceFacts(this.store, deviceIds) : new Map<string, DeviceFacts>();
    const turnOf = turns(notification);
    const times = deviceIds.map((id) => [id, turnOf(facts.get(id))] as const);
    const passed = times
      .filter(([, time]) => time === 'passed')
      .map(([deviceId]): Closing => ({
        deviceId,
        state: 'suppressed',
        reason: 'time passed',
      }));
    await this.closer.close(notification, passed);
    const waiting = times.filter((each): each is [string, number] => each[1] !== 'passed');
    await this.waiting.add(notification, partition, new Map(waiting));
  }
}

/** Many devices have the same clock, and times of day are dear to find out. */
function turns({ at, pace }: Notification): (device: DeviceFacts | undefined) => number | 'passed' {
  const { deliverAt, clock } = pace!;
  const known = new Map<string, number | 'passed'>();
  return (device = { id: '', attributes: {} }) => {
    const key = `${device.timeZone ?? ''} ${deliverAt?.by === 'active' ? device.activity : ''}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const time = deliverAt ? deliveryTime(deliverAt, device, at) : at;
    const turn = clock === 'device' && time !== 'passed' ? openFor(pace!, device, time) : time;
    known.set(key, turn);
    return turn;
  };
}
