import { carriedBy, type DeviceLogin, type EnvelopeContent, INBOX_START } from '@carillon/domain';
import type { ArchivedMessage, ArchiveHooks, XmppSession } from '@carillon/xmpp-server';
import type { TransportContext } from '../transport-context.js';
import type { PushContents } from './push-contents.js';
import type { RedisArchive } from './redis-archive.js';
import { archivedPush } from './xmpp-push.js';

/** Of an inbox, as much as one that is not bounded otherwise holds. */
const INBOX_PAGE = 1_000;

const loginOf = (session: XmppSession): DeviceLogin => session.principal as DeviceLogin;

/** What a device finds in its archive (XEP-0313): the pushes it was written over XMPP, and what still waits in its inbox. */
export class XmppArchive implements ArchiveHooks {
  constructor(
    private readonly context: TransportContext,
    private readonly archive: RedisArchive,
  ) {}

  /** A push was written. One that takes another back takes it out of here too. */
  written(session: XmppSession, notificationId: string, { content, sentAt }: PushContents): void {
    const { kind, recalls } = content;
    const login = loginOf(session);
    if (kind !== 'recall') return this.archive.keep(login, notificationId, sentAt);
    if (recalls === undefined) return;
    void this.archive
      .forget(login, recalls)
      .catch((error: unknown) =>
        this.context.logger.warn(
          { deviceId: login.id, error: String(error) },
          'a recalled push stays in the archive',
        ),
      );
  }

  /** The device may have changed hands since the session began. */
  async list(session: XmppSession): Promise<readonly ArchivedMessage[]> {
    const { id } = loginOf(session);
    const login = await this.context.directory.login(id);
    if (!login) return [];
    const [written, waiting] = await Promise.all([this.archive.list(login), this.waiting(id)]);
    const known = new Set(written.map((message) => message.id));
    const all = [...written, ...waiting.filter((message) => !known.has(message.id))];
    return all.toSorted((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  }

  async load(
    session: XmppSession,
    messages: readonly ArchivedMessage[],
  ): Promise<readonly (string | undefined)[]> {
    const { id: deviceId, app } = loginOf(session);
    const contents = await this.context.contents.load(
      deviceId,
      messages.map(({ id }) => id),
    );
    return contents.map((content) => content && archivedPush(session, app, carriedBy(content, 'xmpp')));
  }

  private async waiting(deviceId: string): Promise<ArchivedMessage[]> {
    const entries = await this.context.inbox.read(deviceId, INBOX_START, INBOX_PAGE);
    const contents = await this.context.contents.load(
      deviceId,
      entries.map(({ notificationId }) => notificationId),
    );
    return contents.flatMap((content) => {
      if (!content) return [];
      const { id, kind, sentAt } = JSON.parse(content.contentJson) as EnvelopeContent;
      return kind === 'recall' ? [] : [{ id, at: Date.parse(sentAt) }];
    });
  }
}
