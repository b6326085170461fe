import { Injectable } from '@nestjs/common';
import {
  type Audience,
  BUCKET_COUNT,
  type CampaignPlan,
  type CampaignVariant,
  type Fault,
  formatInstant,
  type Message,
  newNotificationId,
  type Notification,
  parseAudience,
  parseSchedule,
  type ScheduleJson,
} from '@carillon/domain';
import { AudienceResolver, RedisGeofences } from '@carillon/persistence';
import { invalidRequest, RequestValidationPipe } from '@carillon/process';
import { isObject } from '../http/rules.js';
import { buildNotification } from '../notifications/build-notification.js';
import { SendNotification } from '../notifications/notification.dto.js';
import { Messages } from '../templates/messages.service.js';
import { type LimitFields, PutCampaign } from './campaign.dto.js';
import { FaultGatherer } from './fault-gatherer.js';

/** What a notification has and a campaign's message has not. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  audience: 'belongs to the campaign: /audience',
  at: 'belongs to the campaign: /schedule',
  zone: 'belongs to the campaign: /schedule/zone',
  pace: 'belongs to the campaign: /limits',
  dryRun: 'is not for campaigns: GET /v1/campaigns/{id}/preview',
  requireRecipients: 'is not for campaigns',
};
/** Who has no turn within this does not get it, s. */
const DEFAULT_END = 3 * 86_400;
const HUNDREDTHS = BUCKET_COUNT / 100;

/** Makes campaigns out of requests. The message goes through what reads that of `POST /v1/notifications`: what is good there is good here. */
@Injectable()
export class CampaignPlans {
  private readonly pipe = new RequestValidationPipe();

  constructor(
    private readonly audiences: AudienceResolver,
    private readonly messages: Messages,
    private readonly geofences: RedisGeofences,
  ) {}

  /**
   * @param body the request, or what a change makes of an earlier one
   * @throws CarillonError with every fault and its place
   */
  async fields(body: Readonly<Record<string, unknown>>): Promise<PutCampaign> {
    const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
    const metadata = { type: 'body', metatype: PutCampaign } as const;
    return (await this.pipe.transform(given, metadata)) as PutCampaign;
  }

  async plan(app: string, fields: PutCampaign, now: number): Promise<CampaignPlan> {
    const faults = new FaultGatherer();
    faults.add(kindFaults(fields));
    const audience = await faults.of(async () => {
      const parsed = parseAudience(fields.audience);
      await this.audiences.check(app, parsed, '/audience');
      return parsed;
    });
    const schedule = await faults.of(() => scheduleOf(fields.schedule, now));
    await faults.of(() => this.checkTrigger(app, fields.trigger));
    const variants = await this.variants(app, fields, now, faults);
    faults.throwFirst();
    return {
      name: fields.name,
      audience: audience as Audience,
      variants,
      holdOut: bucketsOf(fields.holdOut ?? 0),
      ...(fields.winner && { winnerAfter: fields.winner.after }),
      ...(schedule && { schedule }),
      ...(fields.trigger && {
        trigger: { geofence: fields.trigger.geofence, on: [...new Set(fields.trigger.on)] },
      }),
      ...(typeof fields.limits?.maxErrorRate === 'number' && { maxErrorRate: fields.limits.maxErrorRate }),
      scheduledFrom: now,
    };
  }

  private async checkTrigger(app: string, trigger: PutCampaign['trigger']): Promise<void> {
    if (!trigger || (await this.geofences.find(app, trigger.geofence))) return;
    const detail = `there is no geofence ${trigger.geofence}`;
    throw invalidRequest([{ pointer: '/trigger/geofence', detail }]);
  }

  /** Without variants there is one, with everybody who is not held out. */
  private async variants(
    app: string,
    fields: PutCampaign,
    now: number,
    faults: FaultGatherer,
  ): Promise<CampaignVariant[]> {
    const { message, variants, limits, audience, holdOut, schedule } = fields;
    const template = (given: object | null | undefined, pointer: string) =>
      faults.of(
        () => this.template(app, { ...message, ...given }, { audience, limits, schedule }, now),
        (fault) => placed(fault, pointer),
      );
    if (!variants) {
      const only = await template(undefined, '/message');
      return only ? [{ name: 'all', share: BUCKET_COUNT - bucketsOf(holdOut ?? 0), template: only }] : [];
    }
    const made = await Promise.all(
      variants.map(async (variant, i) => ({
        name: variant.name,
        share: bucketsOf(variant.share),
        template: await template(variant.message, `/variants/${i}/message`),
      })),
    );
    return made.flatMap(({ template: own, ...rest }) => (own ? [{ ...rest, template: own }] : []));
  }

  /** The notification that the message makes, at the time of now. */
  private async template(
    app: string,
    message: Readonly<Record<string, unknown>>,
    { audience, limits, schedule }: Pick<PutCampaign, 'audience' | 'limits' | 'schedule'>,
    now: number,
  ): Promise<Notification> {
    const misplaced = misplacedIn(message, schedule?.['clock'] === 'device');
    if (misplaced.length > 0) throw invalidRequest(misplaced);
    const body = { ...message, audience, pace: paceOf(limits, now) };
    const metadata = { type: 'body', metatype: SendNotification } as const;
    const request = (await this.pipe.transform(body, metadata)) as SendNotification;
    const said = await this.messages.read(app, request);
    return unsaid(buildNotification(newNotificationId(now), app, request, said, now), said);
  }
}

/** A template's texts are made for each run: they may tell its time. */
function unsaid(notification: Notification, { template }: Message): Notification {
  if (!template) return notification;
  const { title: _t, body: _b, uri: _u, data: _d, overrides: _o, ...rest } = notification;
  return { ...rest, template: template.template };
}

function misplacedIn(message: Readonly<Record<string, unknown>>, onDevices: boolean): Fault[] {
  const faults = Object.keys(message)
    .filter((name) => Object.hasOwn(ELSEWHERE, name))
    .map((name) => ({ pointer: `/${name}`, detail: ELSEWHERE[name]! }));
  const { deliverAt } = message;
  if (!isObject(deliverAt)) return faults;
  if (onDevices)
    faults.push({ pointer: '/deliverAt', detail: 'stands beside the clocks of devices in /schedule' });
  if (deliverAt['date'] !== undefined)
    faults.push({ pointer: '/deliverAt/date', detail: 'belongs to the campaign: /schedule' });
  return faults;
}

/** Every run has a pace, so that it can be paused. */
function paceOf(limits: LimitFields | null | undefined, now: number): Record<string, unknown> {
  const { perSecond, perMinute, ramp, windows, clock, zone, endAfter } = limits ?? {};
  const given = Object.entries({ perSecond, perMinute, ramp, windows, clock, zone }).filter(
    ([, value]) => value !== undefined && value !== null,
  );
  return { ...Object.fromEntries(given), notAfter: formatInstant(now + (endAfter ?? DEFAULT_END) * 1_000) };
}

function scheduleOf(json: PutCampaign['schedule'], now: number): ScheduleJson | undefined {
  if (!json) return undefined;
  parseSchedule(json, now);
  return json as ScheduleJson;
}

function kindFaults({ schedule, trigger, variants, holdOut, winner, limits }: PutCampaign): Fault[] {
  const faults: Fault[] = trigger ? limitsOfRuns(limits) : [];
  if (schedule && trigger)
    faults.push({ pointer: '/trigger', detail: 'stands beside a schedule: use one of them' });
  if (winner && !variants) faults.push({ pointer: '/winner', detail: 'needs variants' });
  if (winner && trigger)
    faults.push({ pointer: '/winner', detail: 'is named by hand where a geofence is the trigger' });
  const names = (variants ?? []).map(({ name }) => name);
  names.forEach((name, i) => {
    if (names.indexOf(name) < i)
      faults.push({ pointer: `/variants/${i}/name`, detail: 'is the name of another variant' });
  });
  const sum = (variants ?? []).reduce(
    (total, { share }) => total + bucketsOf(share),
    bucketsOf(holdOut ?? 0),
  );
  if (sum > BUCKET_COUNT)
    faults.push({
      pointer: '/variants',
      detail: `have, with what is held out, ${sum / HUNDREDTHS} % of the audience: 100 % is the most`,
    });
  return faults;
}

/** A device that crosses a fence is told at once: there is no run to be limited. */
function limitsOfRuns(limits: PutCampaign['limits']): Fault[] {
  const names = ['perSecond', 'perMinute', 'ramp', 'maxErrorRate'] as const;
  return names
    .filter((name) => limits?.[name] !== undefined && limits[name] !== null)
    .map((name) => ({ pointer: `/limits/${name}`, detail: 'is not for what a geofence triggers' }));
}

const bucketsOf = (percent: number): number => Math.round(percent * HUNDREDTHS);

/** The place in the campaign of a fault in what was made of it. */
function placed({ pointer, detail }: Fault, message: string): Fault | undefined {
  if (pointer.startsWith('/audience')) return undefined;
  if (pointer.startsWith('/pace/notAfter')) return { pointer: '/limits/endAfter', detail };
  // The pace is made of the limits; one in the message is a fault of the message.
  if (pointer.startsWith('/pace/')) return { pointer: `/limits${pointer.slice('/pace'.length)}`, detail };
  return { pointer: message + pointer, detail };
}
