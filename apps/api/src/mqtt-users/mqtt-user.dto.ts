import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  formatInstant,
  isMqttUserName,
  isTopicFilter,
  MAX_FILTER_LENGTH,
  MAX_TOPIC_RULES,
  MQTT_USER_NAME_RULE,
  type MqttUser,
  TOPIC_RIGHTS,
  type TopicRight,
} from '@carillon/domain';
import { IsOptional } from 'class-validator';
import { IsListOf, isObject, Must } from '../http/rules.js';

/** SASLprep leaves printable ASCII alone (RFC 4013): what is typed is what SCRAM hashes. */
const PASSWORD = /^[\x20-\x7e]{12,128}$/;
const FILTER_RULE = `must be {"right": "${TOPIC_RIGHTS.join('" | "')}", "filter": a topic filter of up to ${MAX_FILTER_LENGTH} characters}`;

export class MqttUserParams {
  @ApiProperty({ example: 'orders' })
  @Must(MQTT_USER_NAME_RULE, (value) => typeof value === 'string' && isMqttUserName(value))
  name!: string;
}

export class TopicRuleFields {
  @ApiProperty({ enum: TOPIC_RIGHTS, description: '`deny` outweighs every other' })
  right!: TopicRight;

  @ApiProperty({
    example: 'orders/%c/#',
    maxLength: MAX_FILTER_LENGTH,
    description: 'a topic filter; `%c` in it is the client id, `%u` the user name',
  })
  filter!: string;
}

export class PutMqttUser {
  @ApiPropertyOptional({
    minLength: 12,
    maxLength: 128,
    description:
      'printable ASCII. Without one a new user is given one, shown once, and a user that is there keeps the one it has',
  })
  @IsOptional()
  @Must(
    'must be 12 to 128 printable ASCII characters',
    (value) => typeof value === 'string' && PASSWORD.test(value),
  )
  password?: string;

  @ApiPropertyOptional({
    type: [TopicRuleFields],
    maxItems: MAX_TOPIC_RULES,
    description: 'what no rule grants, here or in the access file of the edges, is denied',
  })
  @IsOptional()
  @IsListOf(FILTER_RULE, isTopicRule, { max: MAX_TOPIC_RULES })
  rules?: TopicRuleFields[];
}

export class MqttUserView {
  @ApiProperty({ example: 'orders' })
  name!: string;

  @ApiProperty({ type: [TopicRuleFields] })
  rules!: readonly TopicRuleFields[];

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time' })
  changedAt!: string;
}

export class CreatedMqttUser extends MqttUserView {
  @ApiPropertyOptional({ description: 'only where none was given; shown once' })
  password?: string;
}

export class MqttUserList {
  @ApiProperty({ type: [MqttUserView] })
  users!: MqttUserView[];
}

export const mqttUserView = ({ name, rules, createdAt, changedAt }: MqttUser) =>
  ({
    name,
    rules: rules.map(({ right, filter }) => ({ right, filter })),
    createdAt: formatInstant(createdAt),
    changedAt: formatInstant(changedAt),
  }) satisfies MqttUserView;

function isTopicRule(value: unknown): boolean {
  if (!isObject(value) || Object.keys(value).some((key) => key !== 'right' && key !== 'filter')) return false;
  const { right, filter } = value;
  return (
    TOPIC_RIGHTS.includes(right as TopicRight) &&
    typeof filter === 'string' &&
    filter.length <= MAX_FILTER_LENGTH &&
    isTopicFilter(filter)
  );
}
