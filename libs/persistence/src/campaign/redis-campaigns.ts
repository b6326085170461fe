import {
  type Campaign,
  type CampaignChange,
  type CampaignRun,
  type CampaignTrigger,
  newNotificationId,
  type Notification,
  type RunPart,
} from '@carillon/domain';
import { runScript } from '@carillon/redis';
import { forgetAt, toFields } from '../notifications/notification-record.js';
import { resultsOf, type Store } from '../store.js';
import { type CampaignFields, fromCampaignFields, toCampaignFields } from './campaign-record.js';

/** What becomes of notifications of a campaign's runs. */
export type RunCommand =
  | { readonly verb: 'begin'; readonly notification: Notification }
  | { readonly verb: 'pause' | 'resume' | 'cancel'; readonly notificationId: string };

export interface CampaignUpdate {
  /** Members that are `undefined` are forgotten; `open` comes from the runs that are told. */
  readonly fields: Partial<CampaignFields>;
  /** Runs that begin or change. */
  readonly runs?: readonly CampaignRun[];
  readonly commands?: readonly RunCommand[];
  readonly change?: CampaignChange;
  /** When it is to be looked at next, ms since 1970; `never`: nothing happens by itself. */
  readonly lookAt?: number | 'never';
  readonly trigger?: CampaignTrigger | 'none';
}

/** Somebody else changes them first. */
const MAX_ATTEMPTS = 50;
const MAX_CROSSINGS = 10_000;

/** Campaigns with their runs, each in one lane together with the notifications of its runs. */
export class RedisCampaigns {
  constructor(private readonly store: Store) {}

  newId = (now: number): string => newNotificationId(now);

  /** Whether a notification of that id lies where the campaign does. */
  isBeside = (campaignId: string, notificationId: string): boolean =>
    this.store.laneOf(campaignId) === this.store.laneOf(notificationId);

  async create(id: string, fields: CampaignFields, change: CampaignChange, now: number): Promise<void> {
    const revision = await this.write(id, fields.app, 0, { fields, change }, now);
    if (revision === 0) throw new Error(`there is a campaign ${id} already`);
  }

  async find(id: string): Promise<Campaign | undefined> {
    return fromCampaignFields(id, await this.store.client.hgetall(this.key(id)));
  }

  /**
   * Changes a campaign that is still as `decide` saw it, asking again when it is not. Whatever `decide` throws keeps it from being changed; undefined
   * leaves it as it is.
   * @returns the campaign as it was before, with its revision as it is now; undefined when it is not there
   */
  async change(
    id: string,
    now: number,
    decide: (campaign: Campaign) => CampaignUpdate | undefined | Promise<CampaignUpdate | undefined>,
  ): Promise<Campaign | undefined> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const campaign = await this.find(id);
      const update = campaign && (await decide(campaign));
      if (!campaign || !update) return campaign;
      const revision = await this.write(id, campaign.app, campaign.revision, update, now);
      if (revision > 0) return { ...campaign, revision };
    }
    throw new Error(`campaign ${id} is being changed by others all the time`);
  }

  /** @returns the new revision, or 0 when it was changed meanwhile */
  write(
    id: string,
    app: string,
    revision: number,
    { fields, runs = [], commands = [], change, lookAt, trigger }: CampaignUpdate,
    now: number,
  ): Promise<number> {
    const { keys } = this.store;
    const lane = this.store.laneOf(id);
    const { set, forget } = toCampaignFields(fields);
    return runScript<number>(
      this.store.client,
      'change-campaign',
      [
        ...this.own(id, app),
        keys.intake(lane),
        keys.paced(lane),
        ...commands.map((command) => keys.notification(lane, notificationOf(command))),
      ],
      [
        id,
        revision,
        now,
        lookAt === 'never' ? '-' : (lookAt ?? ''),
        change ? JSON.stringify(change) : '',
        trigger === 'none' ? '-' : trigger ? JSON.stringify(trigger) : '',
        `${set.length} ${runs.length} ${forget.length}`,
        ...set,
        ...runs.flatMap((run) => [run.at, JSON.stringify(run)]),
        ...forget,
        ...commands.flatMap(argumentsOf),
      ],
    );
  }

  /** @returns whether it was still as it was read */
  async delete({ id, app, revision }: Campaign): Promise<boolean> {
    const crossings = this.store.keys.campaignCrossings(this.store.laneOf(id), id);
    const keys = [...this.own(id, app), crossings];
    return (await runScript<number>(this.store.client, 'delete-campaign', keys, [id, revision])) === 1;
  }

  /** Newest first, from below an id. */
  async page(app: string, below: string | undefined, limit: number): Promise<Campaign[]> {
    const { client, keys } = this.store;
    const from = below === undefined ? '+' : `(${below}`;
    const lanes = await Promise.all(
      this.store
        .allLanes()
        .map((lane) => client.zrevrangebylex(keys.campaigns(lane, app), from, '-', 'LIMIT', 0, limit)),
    );
    const ids = lanes.flat().sort().reverse().slice(0, limit);
    const found = await Promise.all(ids.map((id) => this.find(id)));
    return found.flatMap((campaign) => campaign ?? []);
  }

  /** Newest first. */
  async changes(id: string): Promise<CampaignChange[]> {
    const key = this.store.keys.campaignChanges(this.store.laneOf(id), id);
    return (await this.store.client.lrange(key, 0, -1)).map((json) => JSON.parse(json) as CampaignChange);
  }

  /** The latest first, from before a time. */
  async runs(id: string, before: number, limit: number): Promise<CampaignRun[]> {
    const { client, keys } = this.store;
    const lane = this.store.laneOf(id);
    const upTo = Number.isFinite(before) ? `(${before}` : '+inf';
    const times = await client.zrevrangebyscore(
      keys.campaignRunTimes(lane, id),
      upTo,
      '-inf',
      'LIMIT',
      0,
      limit,
    );
    if (times.length === 0) return [];
    const found = await client.hmget(keys.campaignRuns(lane, id), ...times);
    return found.flatMap((json) => (json === null ? [] : [JSON.parse(json) as CampaignRun]));
  }

  /** Campaigns of a lane that are to be looked at; another worker does it after `leaseMs`, should this one die. */
  async claim(
    lane: number,
    now: number,
    limit: number,
    leaseMs: number,
  ): Promise<{ ids: string[]; nextAt?: number }> {
    const [ids, next] = await runScript<[string[], string]>(
      this.store.client,
      'claim-campaigns',
      [this.store.keys.campaignsDue(lane)],
      [now, limit, now + leaseMs],
    );
    return { ids, ...(next !== '' && { nextAt: Number(next) }) };
  }

  /** An app's campaigns that geofences trigger, by id. */
  async triggered(app: string): Promise<Map<string, CampaignTrigger>> {
    const { client, keys } = this.store;
    const lanes = await Promise.all(
      this.store.allLanes().map((lane) => client.hgetall(keys.fenceCampaigns(lane, app))),
    );
    const entries = lanes.flatMap((lane) => Object.entries(lane));
    return new Map(entries.map(([id, json]) => [id, JSON.parse(json) as CampaignTrigger]));
  }

  /** Notes a notification that a fence triggered; again changes nothing. The newest 10,000 are kept. */
  async cross(id: string, { variant, notificationId }: RunPart, at: number): Promise<void> {
    const key = this.store.keys.campaignCrossings(this.store.laneOf(id), id);
    const replies = await this.store.client
      .pipeline()
      .zadd(key, 'NX', at, `${notificationId} ${variant}`)
      .zremrangebyrank(key, 0, -MAX_CROSSINGS - 1)
      .exec();
    resultsOf(replies);
  }

  /** Newest first. */
  async crossings(id: string): Promise<RunPart[]> {
    const key = this.store.keys.campaignCrossings(this.store.laneOf(id), id);
    const members = await this.store.client.zrevrange(key, 0, -1);
    return members.map((member) => {
      const space = member.indexOf(' ');
      return { notificationId: member.slice(0, space), variant: member.slice(space + 1) };
    });
  }

  private key = (id: string): string => this.store.keys.campaign(this.store.laneOf(id), id);

  private own(id: string, app: string): string[] {
    const { keys } = this.store;
    const lane = this.store.laneOf(id);
    return [
      keys.campaign(lane, id),
      keys.campaigns(lane, app),
      keys.campaignsDue(lane),
      keys.campaignChanges(lane, id),
      keys.campaignRunTimes(lane, id),
      keys.campaignRuns(lane, id),
      keys.fenceCampaigns(lane, app),
    ];
  }
}

const notificationOf = (command: RunCommand): string =>
  command.verb === 'begin' ? command.notification.id : command.notificationId;

function argumentsOf(command: RunCommand): (string | number)[] {
  if (command.verb !== 'begin') return [command.notificationId, command.verb];
  const { notification } = command;
  const fields = toFields(notification);
  return [notification.id, 'begin', forgetAt(notification), fields.length, ...fields];
}
