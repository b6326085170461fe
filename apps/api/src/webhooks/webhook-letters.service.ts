import { Injectable } from '@nestjs/common';
import { CarillonError } from '@carillon/domain';
import { WebhookQueue } from '@carillon/persistence';
import { foreignCursor, type PageQuery } from '../http/page.dto.js';
import { letterView, type WebhookLetterPage, type WebhookLetterView } from './webhook.view.js';
import { WebhooksService } from './webhooks.service.js';

/** Batches that were given up. */
@Injectable()
export class WebhookLettersService {
  constructor(
    private readonly webhooks: WebhooksService,
    private readonly queue: WebhookQueue,
  ) {}

  async page(app: string, id: string, { limit, cursor }: PageQuery): Promise<WebhookLetterPage> {
    await this.webhooks.find(app, id);
    if (cursor !== undefined && !/^\d{1,20}-\d{1,20}$/.test(cursor)) throw foreignCursor();
    const letters = await this.queue.letters(id, cursor, limit);
    return {
      deadLetters: letters.map(letterView),
      ...(letters.length === limit && { next: letters.at(-1)!.letterId }),
    };
  }

  async read(app: string, id: string, letterId: string): Promise<WebhookLetterView> {
    await this.webhooks.find(app, id);
    const letter = await this.queue.letter(id, letterId);
    if (!letter) throw unknownLetter(id, letterId);
    return letterView(letter);
  }

  async replay(app: string, id: string, letterId: string): Promise<void> {
    await this.webhooks.find(app, id);
    if (!(await this.queue.replay(id, letterId, Date.now()))) throw unknownLetter(id, letterId);
  }

  async discard(app: string, id: string, letterId: string): Promise<void> {
    await this.webhooks.find(app, id);
    if (!(await this.queue.discard(id, letterId))) throw unknownLetter(id, letterId);
  }
}

const unknownLetter = (id: string, letterId: string): CarillonError =>
  new CarillonError('not-found', `webhook ${id} has no dead letter ${letterId}`);
