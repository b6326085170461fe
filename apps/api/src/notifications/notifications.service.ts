import { Injectable } from '@nestjs/common';
import { CarillonError } from '@carillon/domain';
import {
  type Acceptance,
  type Idempotency,
  type NotificationRecord,
  Recaller,
  RedisInbox,
  RedisNotifications,
} from '@carillon/persistence';
import { RecipientsService } from '../audience/recipients.service.js';
import { Admission } from '../admission/admission.js';
import { Replication } from '../admission/replication.js';
import { mismatch } from '../http/idempotency.js';
import { Messages } from '../templates/messages.service.js';
import { buildNotification } from './build-notification.js';
import type { SendNotification } from './notification.dto.js';
import { ProgressService } from './progress.service.js';
import {
  type AcceptedNotification,
  acceptedView,
  type NotificationStatusView,
  type NotificationView,
  notificationView,
  statusView,
  type RecalledNotification,
} from './notification.view.js';

export interface Sent {
  readonly accepted: AcceptedNotification;
  /** The request came before; this is the answer that it had then. */
  readonly replayed: boolean;
}

@Injectable()
export class NotificationsService {
  constructor(
    private readonly notifications: RedisNotifications,
    private readonly inbox: RedisInbox,
    private readonly recaller: Recaller,
    private readonly recipients: RecipientsService,
    private readonly progress: ProgressService,
    private readonly admission: Admission,
    private readonly replication: Replication,
    private readonly messages: Messages,
  ) {}

  async send(app: string, request: SendNotification, idempotency?: Idempotency): Promise<Sent> {
    // Before all that depends on the time: a request that was good when it came first is good for ever.
    const earlier = idempotency && (await this.notifications.earlier(app, idempotency));
    if (earlier) return this.confirmed(this.replay(earlier));
    this.admission.admit();
    const now = Date.now();
    const id = this.notifications.newId(app, idempotency, now);
    const message = await this.messages.read(app, request);
    const built = buildNotification(id, app, request, message, now);
    const [rejected = []] = await this.recipients.unknown(app, [built.audience]);
    const notification = await this.recipients.checked(built, request.requireRecipients === true, rejected);
    const acceptance = await this.notifications.accept(notification, idempotency);
    if (acceptance.outcome !== 'accepted') return this.confirmed(this.replay(acceptance));
    await this.replication.confirmed();
    return { accepted: acceptedView(notification), replayed: false };
  }

  private async confirmed(sent: Promise<Sent>): Promise<Sent> {
    const answer = await sent;
    await this.replication.confirmed();
    return answer;
  }

  async read(app: string, id: string): Promise<NotificationView> {
    const record = await this.record(app, id);
    const [counts, progress] = await Promise.all([
      this.inbox.counts(id, this.notifications.partitionsOf(record)),
      this.progress.of(record),
    ]);
    return notificationView(record, counts, progress);
  }

  /** Cancelling again changes nothing. */
  async cancel(app: string, id: string): Promise<NotificationStatusView> {
    await this.record(app, id);
    const before = await this.notifications.cancel(id, Date.now());
    if (before === undefined) throw unknownNotification(id);
    if (before === 'sent' || before === 'recalled') {
      const detail = before === 'sent' ? 'is in every inbox already: recall it' : 'is recalled';
      throw new CarillonError('not-cancellable', `notification ${id} ${detail}`, {
        extensions: { notificationStatus: before },
      });
    }
    return { id, status: 'cancelled' };
  }

  /** Pausing again, or letting go on what is not paused, changes nothing. */
  async pause(app: string, id: string, pause: boolean): Promise<NotificationStatusView> {
    await this.record(app, id);
    const outcome = await this.notifications.pause(id, pause, Date.now());
    if (outcome === 'unknown') throw unknownNotification(id);
    if (outcome === 'unpaced') {
      throw new CarillonError('conflict', `notification ${id} has no pace: it goes to everybody at once`);
    }
    const record = await this.record(app, id);
    if (outcome === 'over') {
      throw new CarillonError('conflict', `notification ${id} is ${record.status} already`, {
        extensions: { notificationStatus: record.status },
      });
    }
    return { id, status: statusView(record) };
  }

  /** Recalling again tells whoever has not been told yet, and counts anew. */
  async recall(app: string, id: string): Promise<RecalledNotification> {
    const record = await this.record(app, id);
    if (record.notification.kind === 'recall') {
      throw new CarillonError('conflict', `${id} is a recall itself: send the notification again`);
    }
    const recalled = await this.recaller.recall(record, Date.now());
    if (!recalled) throw unknownNotification(id);
    return { id, status: 'recalled', ...recalled };
  }

  private async replay({ outcome, id }: Acceptance): Promise<Sent> {
    if (outcome === 'mismatch') throw mismatch();
    const record = await this.notifications.find(id);
    if (!record) throw unknownNotification(id);
    return { accepted: acceptedView(record.notification), replayed: true };
  }

  /** Where its deliveries are. */
  async partitions(app: string, id: string): Promise<readonly number[]> {
    return this.notifications.partitionsOf(await this.record(app, id));
  }

  /** The app's own; another app's is not there. */
  async record(app: string, id: string): Promise<NotificationRecord> {
    const record = await this.notifications.find(id);
    if (record?.notification.app !== app) throw unknownNotification(id);
    return record;
  }
}

export const unknownNotification = (id: string): CarillonError =>
  new CarillonError('not-found', `there is no notification ${id}`);
