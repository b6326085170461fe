import { Injectable } from '@nestjs/common';
import { type DeviceEvent, DeviceEventSink } from '@carillon/domain';
import { Store } from '@carillon/persistence';
import { streamsClient } from '@carillon/process';
import type { ClientRedisStreams } from '@carillon/queue';
import { lastValueFrom } from 'rxjs';

/** Hands what devices report to the workers, through their stream. */
@Injectable()
export class StreamDeviceEvents extends DeviceEventSink {
  private readonly client: ClientRedisStreams;

  constructor(store: Store) {
    super();
    this.client = streamsClient(store);
  }

  async publish(event: DeviceEvent): Promise<void> {
    await lastValueFrom(this.client.emit('device-events', event), { defaultValue: undefined });
  }
}
