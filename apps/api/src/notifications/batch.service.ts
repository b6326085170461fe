import { Injectable } from '@nestjs/common';
import { CarillonError, type Notification, type RejectedName } from '@carillon/domain';
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

interface Draft extends Item {
  readonly required: boolean;
}

const METADATA = { type: 'body', metatype: SendNotification } as const;

/** Many notifications in one request, looked up and written together; each stands for itself. */
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
    const drafts = await Promise.all(
      requests.map((request, i) =>
        this.draft(app, request, idempotency && partOf(idempotency, i, request), now).catch(refusal),
      ),
    );
    const items = await this.checked(app, drafts);
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

  private async draft(
    app: string,
    given: Record<string, unknown>,
    idempotency: Idempotency | undefined,
    now: number,
  ): Promise<Draft> {
    const request = (await this.pipe.transform(given, METADATA)) as SendNotification;
    if (request.dryRun) throw invalidRequest([{ pointer: '/dryRun', detail: 'is not for batches' }]);
    const id = this.notifications.newId(app, idempotency, now);
    const message = await this.messages.read(app, request);
    const notification = buildNotification(id, app, request, message, now);
    return { notification, idempotency, required: request.requireRecipients === true };
  }

  private async checked(
    app: string,
    drafts: readonly (Draft | BatchResult)[],
  ): Promise<(Item | BatchResult)[]> {
    const good = drafts.filter((each): each is Draft => 'notification' in each);
    const audiences = good.map(({ notification }) => notification.audience);
    const rejected = await this.recipients.unknown(app, audiences);
    const names = new Map(good.map((draft, i) => [draft, rejected[i]!]));
    return Promise.all(
      drafts.map(async (each) => ('notification' in each ? this.check(each, names.get(each)!) : each)),
    );
  }

  private check(
    { notification, required, idempotency }: Draft,
    rejected: readonly RejectedName[],
  ): Promise<Item | BatchResult> {
    return this.recipients
      .checked(notification, required, rejected)
      .then((checked) => ({ notification: checked, idempotency }), refusal);
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
