import { Injectable } from '@nestjs/common';
import { CarillonError, type Notification } from '@carillon/domain';
import { type Acceptance, type Idempotency, RedisNotifications } from '@carillon/persistence';
import { invalidRequest, RequestValidationPipe, toProblem } from '@carillon/process';
import { RecipientsService } from '../audience/recipients.service.js';
import { Admission } from '../admission/admission.js';
import { Replication } from '../admission/replication.js';
import { partOf } from '../http/idempotency.js';
import { Messages } from '../templates/messages.service.js';
import type { BatchResult, BatchView } from './batch.dto.js';
import { buildNotification } from './build-notification.js';
import { SendNotification } from './notification.dto.js';
import { acceptedView } from './notification.view.js';

interface Item {
  readonly notification: Notification;
  readonly idempotency: Idempotency | undefined;
}

/** Many notifications in one request and one pipeline; each stands for itself. */
@Injectable()
export class BatchService {
  private readonly pipe = new RequestValidationPipe();

  constructor(
    private readonly notifications: RedisNotifications,
    private readonly recipients: RecipientsService,
    private readonly admission: Admission,
    private readonly replication: Replication,
    private readonly messages: Messages,
  ) {}

  /** With an idempotency key each item has one of its own: a batch that was interrupted goes on where it stopped. */
  async send(
    app: string,
    requests: readonly Record<string, unknown>[],
    idempotency: Idempotency | undefined,
  ): Promise<BatchView> {
    this.admission.admit();
    const now = Date.now();
    const items = await Promise.all(
      requests.map((request, i) =>
        this.prepare(app, request, idempotency && partOf(idempotency, i, request), now),
      ),
    );
    const good = items.filter((item): item is Item => 'notification' in item);
    const acceptances = await this.notifications.acceptAll(good);
    if (good.length > 0) await this.replication.confirmed();
    const outcomes = new Map(good.map((item, i) => [item, acceptances[i]!]));
    const results = await Promise.all(
      items.map(async (item) =>
        'notification' in item ? this.result(item.notification, outcomes.get(item)!) : item,
      ),
    );
    const accepted = results.filter((result) => result.accepted).length;
    return { accepted, refused: results.length - accepted, results };
  }

  private async prepare(
    app: string,
    given: Record<string, unknown>,
    idempotency: Idempotency | undefined,
    now: number,
  ): Promise<Item | BatchResult> {
    try {
      const metadata = { type: 'body', metatype: SendNotification } as const;
      const request = (await this.pipe.transform(given, metadata)) as SendNotification;
      if (request.dryRun) throw invalidRequest([{ pointer: '/dryRun', detail: 'is not for batches' }]);
      const id = this.notifications.newId(app, idempotency, now);
      const message = await this.messages.read(app, request);
      const built = buildNotification(id, app, request, message, now);
      const notification = await this.recipients.checked(built, request.requireRecipients === true);
      return { notification, idempotency };
    } catch (error) {
      return refusal(error);
    }
  }

  private async result(notification: Notification, { outcome, id }: Acceptance): Promise<BatchResult> {
    if (outcome === 'accepted') return { accepted: acceptedView(notification) };
    const record = outcome === 'replayed' ? await this.notifications.find(id) : undefined;
    if (record) return { accepted: acceptedView(record.notification) };
    return refusal(new CarillonError('conflict', 'its idempotency key stands for another notification'));
  }
}

function refusal(error: unknown): BatchResult {
  if (!(error instanceof CarillonError)) throw error;
  return { refused: toProblem(error) as BatchResult['refused'] };
}
