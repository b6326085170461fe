import { type DeliveryStep, encodeStep, STEP_LETTERS } from '@carillon/domain';
import { runScript } from '@carillon/redis';
import type { Store } from '../store.js';

/** A script holds Redis for as long as it runs. */
const MAX_STEPS_PER_CALL = 500;

/** What happened to deliveries of one notification in one partition. */
interface NotificationSteps {
  readonly partition: number;
  readonly notificationId: string;
  readonly app: string;
  /** Fields of the counts that the steps may change. */
  readonly counts: Set<string>;
  readonly devices: Map<string, DeliveryStep[]>;
}

/** Moves deliveries forward: all steps whose keys one script may take go in one call. */
export class StepRecorder {
  constructor(private readonly store: Store) {}

  async record(steps: readonly DeliveryStep[]): Promise<void> {
    const calls = this.store.inOneScript(steps, ({ deviceId }) => this.store.partitionOf(deviceId));
    await Promise.all(calls.map((own) => this.recordAll(own)));
  }

  private async recordAll(steps: readonly DeliveryStep[]): Promise<void> {
    for (let i = 0; i < steps.length; i += MAX_STEPS_PER_CALL)
      await this.recordTogether(steps.slice(i, i + MAX_STEPS_PER_CALL));
  }

  private recordTogether(steps: readonly DeliveryStep[]): Promise<unknown> {
    const { client, keys } = this.store;
    const scriptKeys: string[] = [keys.receipts(this.store.partitionOf(steps[0]!.deviceId))];
    const args: (string | number)[] = [];
    for (const group of this.byNotification(steps)) this.addGroup(group, scriptKeys, args);
    return runScript(client, 'record-steps', scriptKeys, args);
  }

  private byNotification(steps: readonly DeliveryStep[]): Iterable<NotificationSteps> {
    const groups = new Map<string, NotificationSteps>();
    for (const step of steps) {
      const { app, deviceId, notificationId, state } = step;
      const partition = this.store.partitionOf(deviceId);
      const place = `${partition} ${notificationId}`;
      let group = groups.get(place);
      if (!group)
        groups.set(
          place,
          (group = { partition, notificationId, app, counts: new Set(), devices: new Map() }),
        );
      const own = group.devices.get(deviceId);
      if (own) own.push(step);
      else group.devices.set(deviceId, [step]);
      group.counts.add(COUNT_FIELDS[state]);
      if (state === 'displayed' || state === 'opened') group.counts.add(COUNT_FIELDS.acknowledged);
    }
    return groups.values();
  }

  private addGroup(group: NotificationSteps, scriptKeys: string[], args: (string | number)[]): void {
    const { keys } = this.store;
    const { partition, notificationId, app, counts, devices } = group;
    scriptKeys.push(keys.held(partition), keys.deliveries(partition, notificationId));
    args.push(notificationId, app, counts.size, devices.size, '#b', ...counts, ...devices.keys());
    for (const [deviceId, steps] of devices) {
      scriptKeys.push(keys.inbox(partition, deviceId));
      args.push(steps.length);
      for (const step of steps) args.push(encodeStep(step), receiptLine(step));
    }
  }
}

const COUNT_FIELDS = Object.fromEntries(
  Object.entries(STEP_LETTERS).map(([state, letter]) => [state, `#${letter}`]),
) as Record<keyof typeof STEP_LETTERS, string>;

/** What the receipts stream says of a step, in fields joined by tabs. */
function receiptLine(step: DeliveryStep): string {
  const { app, notificationId, deviceId, state, at, transport = '', detail = '', edge = '' } = step;
  const what = `${STEP_LETTERS[state]}\t${at.toString(36)}\t${transport}\t${detail.replace(/\s/g, ' ')}`;
  return `${app}\t${notificationId}\t${deviceId}\t${what}\t${edge}`;
}
