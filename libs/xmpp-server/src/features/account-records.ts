import type { AccountChangeOutcome, AccountStore } from '../account/account-store.js';
import type { StanzaError } from '../stanza/stanza-error.js';
import type { IqReply, IqRequest, PendingIqReply } from './feature.js';

type StoreHandler = (store: AccountStore, request: IqRequest) => Promise<IqReply>;

/** Answers from what the server keeps for the account; `otherwise` where it keeps nothing. A store that cannot be asked now is the client's to ask again. */
export function withStore(
  handler: StoreHandler,
  otherwise: (request: IqRequest) => IqReply = () => ({ error: 'service-unavailable' }),
): (request: IqRequest) => PendingIqReply {
  return (request) => {
    const { accountStore: store, logger } = request.session.context.options;
    if (!store) return otherwise(request);
    return handler(store, request).catch((error: unknown) => {
      logger.warn(
        { err: error, session: request.session.full },
        'the records of an account are out of reach',
      );
      return { error: 'internal-server-error', type: 'wait', text: 'try again later' };
    });
  };
}

const REFUSED: Record<Exclude<AccountChangeOutcome, 'kept'>, StanzaError> = {
  full: { error: 'resource-constraint', type: 'cancel', text: 'the account keeps as much as it may' },
  gone: { error: 'item-not-found', text: 'there is no such account any more' },
};

/** What answers a change that may have been refused. */
export function changed(outcome: AccountChangeOutcome, reply: IqReply = ''): IqReply {
  return outcome === 'kept' ? reply : REFUSED[outcome];
}
