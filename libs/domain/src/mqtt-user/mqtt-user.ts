import type { ScramKeys } from '../device/device.js';
import { NAME } from '../identifiers.js';

/** What a rule says of its topics; a `deny` outweighs every other. */
export const TOPIC_RIGHTS = ['read', 'write', 'readwrite', 'deny'] as const;
export type TopicRight = (typeof TOPIC_RIGHTS)[number];

export interface TopicRule {
  readonly right: TopicRight;
  /** A topic filter; `%c` in it is the client id, `%u` the user name. */
  readonly filter: string;
}

/** Somebody beside the devices who may log in over MQTT: of the installation, as its topics are. */
export interface MqttUser {
  readonly name: string;
  /** Another one after each change. */
  readonly revision: string;
  /** For SCRAM-SHA-256; a password that is sent is checked against them too. */
  readonly keys: ScramKeys;
  readonly rules: readonly TopicRule[];
  /** ms since 1970 */
  readonly createdAt: number;
  readonly changedAt: number;
}

export const MAX_MQTT_USERS = 1_000;
export const MAX_TOPIC_RULES = 100;
export const MAX_FILTER_LENGTH = 1_024;

export const MQTT_USER_NAME_RULE =
  'must be 1 to 128 printable characters without white space, "/", "{", "}", ":", "+" or "#"';

/** A colon parts the user from the client id in the name of a session, and wildcards would reach beyond a rule's level. */
export const isMqttUserName = (text: string): boolean => NAME.test(text) && !/[:+#]/.test(text);

/** MQTT 5.0 §4.7.1: a wildcard fills its level, `#` is the last. */
export function isTopicFilter(text: string): boolean {
  return (
    text !== '' &&
    text
      .split('/')
      .every((level, i, { length }) =>
        level === '#' ? i === length - 1 : level === '+' || !/[+#\0]/.test(level),
      )
  );
}
