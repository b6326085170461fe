import type { Audience } from '../audience/audience.js';
import type { FenceTrigger } from '../geofence/geofence.js';
import type { Notification } from '../notification/notification.js';
import type { ScheduleJson } from './parse-schedule.js';
import type { WallTime } from './wall-clock.js';

/** A campaign that is over (`done`, `cancelled`) stays so. */
export const CAMPAIGN_STATES = [
  'draft',
  'approved',
  'scheduled',
  'running',
  'paused',
  'done',
  'cancelled',
] as const;
export type CampaignState = (typeof CAMPAIGN_STATES)[number];

/** What is sent to a part of the audience. */
export interface CampaignVariant {
  readonly name: string;
  /** Buckets of the audience that try it (`bucketOf`). */
  readonly share: number;
  /** The notification as a run would send it, made for the time at which the campaign was saved. */
  readonly template: Notification;
}

/** A device that crosses a fence is sent the message, once a trigger and visit. */
export interface CampaignTrigger {
  readonly geofence: string;
  readonly on: readonly FenceTrigger[];
}

/** What a campaign does. Times are ms since 1970. */
export interface CampaignPlan {
  readonly name: string;
  readonly audience: Audience;
  /** One that has the whole audience, or several with the rest, if any, for the winner. */
  readonly variants: readonly CampaignVariant[];
  /** Buckets of the audience that get nothing. */
  readonly holdOut: number;
  /** After so many seconds of a run the variant with the highest share of opened deliveries wins; undefined: by hand. */
  readonly winnerAfter?: number;
  /** Neither schedule nor trigger: once, as soon as it is started. */
  readonly schedule?: ScheduleJson;
  readonly trigger?: CampaignTrigger;
  /** Above this share of failed deliveries it pauses itself, 0 to 1. */
  readonly maxErrorRate?: number;
  /** Where a schedule without a start begins. */
  readonly scheduledFrom: number;
}

/** One variant's part of a run. */
export interface RunPart {
  readonly variant: string;
  readonly notificationId: string;
  /** The rest of the audience, which got the winner. */
  readonly rest?: true;
}

/** Deliveries of a run that came to an end, and those of them that failed. */
export interface ErrorCount {
  readonly ended: number;
  readonly failed: number;
}

/** One time at which a campaign was sent, or would have been. Times are ms since 1970. */
export interface CampaignRun {
  /** When it was due: names it. With the clocks of devices, where the day begins first. */
  readonly at: number;
  /** On the clocks of devices. */
  readonly wall?: WallTime;
  /** Nobody was there to begin it in time, and the policy let it go. */
  readonly missed?: true;
  readonly begunAt?: number;
  readonly parts: readonly RunPart[];
  /** The rest of the audience waits for the winner. */
  readonly undecided?: true;
  readonly endedAt?: number;
  /** What had failed when somebody looked at it and let it go on: it counts no more. */
  readonly pardoned?: ErrorCount;
}

export interface Campaign {
  readonly id: string;
  readonly app: string;
  /** Counts changes, from 1. */
  readonly revision: number;
  readonly state: CampaignState;
  /** What a paused one goes on as. */
  readonly pausedFrom?: 'scheduled' | 'running';
  /** Why it paused itself. */
  readonly reason?: string;
  readonly plan: CampaignPlan;
  /** The request that it was made from. */
  readonly given: Readonly<Record<string, unknown>>;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly editedAt: number;
  /** Ids of API keys. */
  readonly editedBy: string;
  readonly approvedBy?: string;
  readonly startedAt?: number;
  /** Runs that were due up to this time have been dealt with. */
  readonly plannedTo?: number;
  /** The first run behind these; infinite when there is none, undefined when it has to be found. */
  readonly nextAt?: number;
  readonly winner?: string;
  /** Runs that are not at rest, by their time. */
  readonly open: readonly CampaignRun[];
}

/** Who did what to a campaign; `by` is the id of an API key, or `carillon`. */
export interface CampaignChange {
  readonly at: number;
  readonly by: string;
  readonly action: CampaignAction | 'create' | 'edit' | 'run' | 'finish' | 'winner';
  readonly state: CampaignState;
  readonly detail?: string;
}

export type CampaignAction = 'approve' | 'start' | 'pause' | 'resume' | 'cancel';

/** Who changes a campaign when it is the gateway itself. */
export const ITSELF = 'carillon';
