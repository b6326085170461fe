import { Injectable } from '@nestjs/common';
import { type Audience, CarillonError, type Notification, type RejectedName } from '@carillon/domain';
import { AudienceNames, type AudienceQuery, AudienceResolver } from '@carillon/persistence';

/** How many rejected names an answer has at the most. */
export const MAX_REJECTED = 1_000;

/** Looks at whom a notification is for, before it is accepted. */
@Injectable()
export class RecipientsService {
  constructor(
    private readonly names: AudienceNames,
    private readonly audiences: AudienceResolver,
  ) {}

  /** Names that stand for nothing, of each audience. */
  unknown(app: string, audiences: readonly Audience[]): Promise<RejectedName[][]> {
    return this.names.unknown(app, audiences);
  }

  /**
   * The notification with the names that stand for nothing.
   * @throws CarillonError `audience-too-costly`; `no-recipients` where somebody is required and there is nobody
   */
  async checked(
    notification: Notification,
    required: boolean,
    rejected: readonly RejectedName[],
  ): Promise<Notification> {
    const { app, audience } = notification;
    await this.audiences.check(app, audience, '/audience');
    if (required && (await this.isNobody(notification))) {
      throw new CarillonError('no-recipients', 'nobody is in the audience now', {
        extensions: { rejected: rejected.slice(0, MAX_REJECTED) },
      });
    }
    return rejected.length === 0
      ? notification
      : { ...notification, rejected: rejected.slice(0, MAX_REJECTED) };
  }

  private async isNobody({ app, audience, acceptedAt }: Notification): Promise<boolean> {
    const query = await this.audiences.open(app, audience, acceptedAt);
    const named = await query.named();
    if (named) return named.size === 0;
    for (const partition of await query.partitions()) if (await hasMembers(query, partition)) return false;
    return true;
  }
}

async function hasMembers(query: AudienceQuery, partition: number): Promise<boolean> {
  for await (const page of query.pages(partition)) return page.length > 0;
  return false;
}
