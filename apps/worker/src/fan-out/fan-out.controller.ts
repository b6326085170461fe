import { Ctx, Payload } from '@nestjs/microservices';
import type { FanOutTask, IntakeEvent } from '@carillon/domain';
import { RedisStreamsContext, StreamController, StreamHandler } from '@carillon/queue';
import { FanOutService } from './fan-out.service.js';

@StreamController()
export class FanOutController {
  constructor(private readonly fanOut: FanOutService) {}

  @StreamHandler('intake')
  intake(@Payload() event: IntakeEvent, @Ctx() { entry }: RedisStreamsContext): Promise<void> {
    return this.fanOut.begin(event, entry.isRepeated);
  }

  @StreamHandler('fan-out')
  task(@Payload() task: FanOutTask): Promise<void> {
    return this.fanOut.run(task);
  }
}
