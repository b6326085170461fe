import { BUCKET_COUNT } from '../audience/bucket.js';
import type { DeliverAt } from '../notification/deliver-at.js';
import type { Notification } from '../notification/notification.js';
import type { Campaign, CampaignRun, CampaignVariant } from './campaign.js';
import { runNotification, runNotificationId } from './run-notification.js';
import { MISSED_AFTER, type Run } from './schedule.js';
import { type BucketRange, splitOf, withinBuckets } from './split.js';
import { EARLIEST_ZONE, LATEST_ZONE } from './wall-clock.js';

/** A run as it is from now on, and the notifications that go out for it. */
export interface RunSteps {
  readonly run: CampaignRun;
  readonly notifications: readonly Notification[];
}

/** One notification of a run. */
interface Part {
  readonly name: string;
  readonly template: Notification;
  readonly range: BucketRange;
  readonly sentAt: number;
}

/** No variant can have this name: names hold no white space. */
const REST = ' rest';

/** Makes the notifications of a campaign's runs. */
export class RunMaker {
  /** @param fits whether a notification may have an id (it has to lie beside the campaign) */
  constructor(
    private readonly campaign: Campaign,
    private readonly fits: (id: string) => boolean,
  ) {}

  /** To everybody, or to those who try the variants. What is begun late has its time to live from then on. */
  begin({ opensAt: at, wall }: Run, now: number): RunSteps {
    const { plan, winner } = this.campaign;
    const split = splitOf(plan);
    const tried = plan.variants.filter(({ name }) => winner === undefined || name === winner);
    const shares = tried.reduce((sum, { share }) => sum + share, 0);
    const isUndecided = winner === undefined && split.rest.from < split.rest.to;
    const run: CampaignRun = {
      at,
      ...(plan.schedule?.clock === 'device' && { wall }),
      begunAt: now,
      parts: [],
      ...(isUndecided && { undecided: true }),
    };
    const sentAt = now - at > MISSED_AFTER ? now : at;
    const notifications = tried.map(({ name, template, share }, i) => {
      const range = winner === undefined ? split.variants[i]! : { from: plan.holdOut, to: BUCKET_COUNT };
      return this.notification(run, { name, range, sentAt, template: slowed(template, share / shares) });
    });
    const parts = tried.map(({ name }, i) => ({ variant: name, notificationId: notifications[i]!.id }));
    return { run: { ...run, parts }, notifications };
  }

  /** The rest of a run's audience gets the winner. */
  sendRest(run: CampaignRun, winner: string, now: number): RunSteps {
    const { plan } = this.campaign;
    const { template } = plan.variants.find(({ name }) => name === winner) as CampaignVariant;
    const { undecided: _, ...decided } = run;
    const { rest: range } = splitOf(plan);
    const rest = this.notification(run, { name: REST, template, range, sentAt: now });
    const part = { variant: winner, notificationId: rest.id, rest: true } as const;
    return { run: { ...decided, parts: [...run.parts, part] }, notifications: [rest] };
  }

  private notification(run: CampaignRun, { name, template, range, sentAt }: Part): Notification {
    const { id, plan } = this.campaign;
    const { at, wall } = run;
    const deliverAt = wall === undefined ? undefined : this.deliverAt(at, wall, name === REST);
    return runNotification(template, {
      id: runNotificationId(id, at, name, this.fits),
      audience: withinBuckets(plan.audience, id, range),
      at: sentAt,
      ...(deliverAt && { deliverAt, lastAt: Math.max(sentAt, at + EARLIEST_ZONE + LATEST_ZONE) }),
    });
  }

  /** Devices whose time had passed before anybody thought of this run are not told; those that only had to wait are, at once. */
  private deliverAt(at: number, wall: number, isRest: boolean): DeliverAt {
    const { plan, startedAt = 0 } = this.campaign;
    const { zone = 'UTC', missed } = plan.schedule ?? {};
    const isFirst = at < Math.max(startedAt, plan.scheduledFrom);
    const skips = !isRest && (missed === 'skip' || isFirst);
    return {
      by: 'local',
      minutes: 0,
      day: wall,
      defaultZone: zone,
      ifPassed: skips ? 'skip' : 'now',
    };
  }
}

/** The rate is that of the run: variants that go out at the same time have their parts of it, and end together. */
function slowed(template: Notification, part: number): Notification {
  const { pace } = template;
  if (!pace || pace.perSecond === undefined || part === 1) return template;
  const ramp = pace.ramp && { ...pace.ramp, from: pace.ramp.from * part };
  return { ...template, pace: { ...pace, perSecond: pace.perSecond * part, ramp } };
}
