import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  isTemplateId,
  MAX_LOCALES,
  MAX_VARIABLES,
  type NotificationKind,
  TEMPLATE_ID,
} from '@carillon/domain';
import { FreeForm } from '@carillon/process';
import { IsOptional, IsString } from 'class-validator';
import { IsListOfDeviceIds, isObject, IsOneOf, IsText, Must } from '../http/rules.js';

const TEMPLATE_ID_RULE =
  'must be 1 to 64 characters of letters, digits, ".", "_", "-", beginning with a letter or digit';

export class TemplateParams {
  @ApiProperty({ example: 'welcome', pattern: TEMPLATE_ID.source })
  @Must(TEMPLATE_ID_RULE, isTemplateId)
  id!: string;
}

/** What a template says. Texts may have variables: docs/content.md. */
export class TemplateFields {
  @ApiPropertyOptional({
    nullable: true,
    type: String,
    example: 'Hello {{ device.attributes.name | default: "you" }}',
  })
  @IsOptional()
  @IsString()
  title?: string | null;

  @ApiPropertyOptional({ nullable: true, type: String, example: 'Your order {{ order }} is on its way.' })
  @IsOptional()
  @IsString()
  body?: string | null;

  @ApiPropertyOptional({
    nullable: true,
    type: String,
    example: 'https://example.org/orders/{{ order | url_encode }}',
  })
  @IsOptional()
  @IsString()
  uri?: string | null;

  @ApiPropertyOptional({
    nullable: true,
    type: 'object',
    additionalProperties: true,
    example: { order: '{{ order }}' },
  })
  @IsOptional()
  @FreeForm()
  @Must('must be a JSON object', isObject)
  data?: Record<string, unknown> | null;

  @ApiPropertyOptional({
    nullable: true,
    type: 'object',
    additionalProperties: { type: 'object', additionalProperties: true },
    example: { de: { title: 'Hallo {{ device.attributes.name | default: "du" }}' } },
    description:
      `by language tag, up to ${MAX_LOCALES}: \`title\`, \`body\`, \`uri\` and \`data\` that differ, null takes one away. A device gets its own ` +
      'language, else a shorter form of it (zh-Hant-TW, zh-Hant, zh), else the default',
  })
  @IsOptional()
  @FreeForm()
  @Must('must be a JSON object', isObject)
  locales?: Record<string, unknown> | null;

  @ApiPropertyOptional({
    nullable: true,
    type: 'object',
    additionalProperties: { type: 'object', additionalProperties: true },
    example: { mqtt: { body: null, data: { o: '{{ order }}' } } },
    description: 'what differs over `mqtt`, `xmpp` or `poll`, likewise, with `locales` of its own',
  })
  @IsOptional()
  @FreeForm()
  @Must('must be a JSON object', isObject)
  overrides?: Record<string, unknown> | null;

  @ApiPropertyOptional({
    nullable: true,
    type: 'object',
    additionalProperties: true,
    example: { order: '4711' },
    description: `values of variables, up to ${MAX_VARIABLES}, where a send gives none`,
  })
  @IsOptional()
  @FreeForm()
  @Must('must be a JSON object', isObject)
  variables?: Record<string, unknown> | null;
}

export class PutTemplate extends TemplateFields {
  @ApiPropertyOptional({ nullable: true, type: String, example: 'to whom has ordered' })
  @IsOptional()
  @IsText(1_024)
  description?: string | null;
}

export class TemplateView extends TemplateFields {
  @ApiProperty({ example: 'welcome' })
  id!: string;

  @ApiPropertyOptional()
  description?: string;

  @ApiProperty({
    type: [String],
    description: 'variables without a value, which every send has to give',
    example: [],
  })
  needs!: string[];

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;
}

export class TemplatePage {
  @ApiProperty({ type: [TemplateView], description: 'in the order of their ids' })
  templates!: TemplateView[];

  @ApiPropertyOptional({ description: 'the cursor of the next page; absent on the last' })
  next?: string;
}

export class PreviewTemplate {
  @ApiPropertyOptional({ enum: ['notification', 'message'], default: 'notification' })
  @IsOptional()
  @IsOneOf('notification', 'message')
  kind?: NotificationKind | null;

  @ApiPropertyOptional({
    nullable: true,
    type: 'object',
    additionalProperties: true,
    example: { order: '4711' },
  })
  @IsOptional()
  @FreeForm()
  @Must('must be a JSON object', isObject)
  variables?: Record<string, unknown> | null;

  @ApiPropertyOptional({
    nullable: true,
    type: [String],
    maxItems: 10,
    description: 'for these devices; unless given, the default and every language, for nobody',
    example: ['phone-1'],
  })
  @IsOptional()
  @IsListOfDeviceIds({ min: 1, max: 10 })
  devices?: string[] | null;
}

export class ContentFieldsView {
  @ApiPropertyOptional() title?: string;
  @ApiPropertyOptional() body?: string;
  @ApiPropertyOptional() uri?: string;
  @ApiPropertyOptional({ type: 'object', additionalProperties: true }) data?: Readonly<
    Record<string, unknown>
  >;
}

export class RenderedView {
  @ApiPropertyOptional({ example: 'phone-1' })
  device?: string;

  @ApiPropertyOptional({ description: 'the language of a device, or of the template', example: 'de' })
  locale?: string;

  @ApiPropertyOptional({ type: ContentFieldsView })
  content?: ContentFieldsView;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'object', additionalProperties: true },
    description: 'by transport, where something else is said',
  })
  overrides?: Readonly<Partial<Record<string, ContentFieldsView>>>;

  @ApiPropertyOptional({
    description: 'why it cannot be told: such a delivery ends as `failed`',
    example: '/body line 1, column 10: undefined variable: device.attributes.name',
  })
  failure?: string;
}

export class TemplatePreview {
  @ApiProperty({ type: [RenderedView] })
  previews!: RenderedView[];
}
