import { Injectable } from '@nestjs/common';
import { CarillonError, type DeviceEvent, DeviceEventSink } from '@carillon/domain';
import { Store } from '@carillon/persistence';
import { streamsClient } from '@carillon/process';
import { type ClientRedisStreams, StreamFullError } from '@carillon/queue';
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
    try {
      await lastValueFrom(this.client.emit('device-events', event), { defaultValue: undefined });
    } catch (error) {
      if (!(error instanceof StreamFullError)) throw error;
      const detail = 'more is being reported than can be taken; try again later';
      throw new CarillonError('unavailable', detail, { retryAfterSeconds: 10 });
    }
  }
}
