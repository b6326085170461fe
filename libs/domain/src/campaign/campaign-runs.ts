import { BUCKET_COUNT } from '../audience/bucket.js';
import type { Notification } from '../notification/notification.js';
import type { Campaign, CampaignRun, CampaignVariant } from './campaign.js';
import { runNotification, runNotificationId } from './run-notification.js';
import { MISSED_AFTER } from './schedule.js';
import { type BucketRange, splitOf, withinBuckets } from './split.js';

/** A run as it is from now on, and the notifications that go out for it. */
export interface RunSteps {
  readonly run: CampaignRun;
  readonly notifications: readonly Notification[];
}

/** Makes the notifications of a campaign's runs. */
export class RunMaker {
  /** @param fits whether a notification may have an id (it has to lie beside the campaign) */
  constructor(
    private readonly campaign: Campaign,
    private readonly fits: (id: string) => boolean,
  ) {}

  /** The run that was due at `at`: to everybody, or to those who try the variants. */
  begin(at: number, now: number): RunSteps {
    const { plan, winner } = this.campaign;
    const split = splitOf(plan);
    const tried = plan.variants.filter(({ name }) => winner === undefined || name === winner);
    const shares = tried.reduce((sum, { share }) => sum + share, 0);
    const notifications = tried.map((variant, i) =>
      this.notification(
        { ...variant, template: slowed(variant.template, variant.share / shares) },
        variant.name,
        { at, now },
        winner === undefined ? split.variants[i]! : { from: plan.holdOut, to: BUCKET_COUNT },
      ),
    );
    const parts = tried.map(({ name }, i) => ({ variant: name, notificationId: notifications[i]!.id }));
    const isUndecided = winner === undefined && split.rest.from < split.rest.to;
    return {
      run: { at, begunAt: now, parts, ...(isUndecided && { undecided: true }) },
      notifications,
    };
  }

  /** The rest of a run's audience gets the winner. */
  sendRest(run: CampaignRun, winner: string, now: number): RunSteps {
    const { plan } = this.campaign;
    const variant = plan.variants.find(({ name }) => name === winner)!;
    const { undecided: _, ...decided } = run;
    const rest = this.notification(variant, ' rest', { at: run.at, now }, splitOf(plan).rest, now);
    const part = { variant: winner, notificationId: rest.id, rest: true } as const;
    return { run: { ...decided, parts: [...run.parts, part] }, notifications: [rest] };
  }

  /** What is begun late has its time to live from then on. */
  private notification(
    { template }: CampaignVariant,
    part: string,
    { at, now }: { at: number; now: number },
    range: BucketRange,
    sentAt = now - at > MISSED_AFTER ? now : at,
  ): Notification {
    const { id, plan } = this.campaign;
    return runNotification(template, {
      id: runNotificationId(id, at, part, this.fits),
      audience: withinBuckets(plan.audience, id, range),
      at: sentAt,
      runAt: at,
    });
  }
}

/** The rate is that of the run: variants that go out at the same time have their parts of it, and end together. */
function slowed(template: Notification, part: number): Notification {
  const { pace } = template;
  if (!pace || pace.perSecond === undefined || part === 1) return template;
  const ramp = pace.ramp && { ...pace.ramp, from: pace.ramp.from * part };
  return { ...template, pace: { ...pace, perSecond: pace.perSecond * part, ramp } };
}
