import { Injectable } from '@nestjs/common';
import {
  CarillonError,
  type ContentTemplate,
  localesOf,
  type Message,
  parseMessage,
  parseTemplate,
  type SavedTemplate,
} from '@carillon/domain';
import { MAX_TEMPLATES, RedisDevices, RedisTemplates } from '@carillon/persistence';
import type { PageQuery } from '../http/page.dto.js';
import { renderFor } from './messages.service.js';
import type {
  PreviewTemplate,
  PutTemplate,
  TemplatePage,
  TemplatePreview,
  TemplateView,
} from './template.dto.js';
import { renderedView, templateView } from './template.view.js';

@Injectable()
export class TemplatesService {
  constructor(
    private readonly templates: RedisTemplates,
    private readonly devices: RedisDevices,
  ) {}

  async put(app: string, id: string, fields: PutTemplate): Promise<{ view: TemplateView; created: boolean }> {
    const { description, ...content } = fields;
    const { template } = parseTemplate(content, '');
    const before = await this.templates.find(app, id);
    if (!before && (await this.templates.count(app)) >= MAX_TEMPLATES)
      throw new CarillonError('conflict', `there are ${MAX_TEMPLATES} templates already`);
    const now = Date.now();
    const saved: SavedTemplate = {
      id,
      ...(description && { description }),
      content: template,
      createdAt: before?.createdAt ?? now,
      updatedAt: now,
    };
    await this.templates.save(app, saved);
    return { view: templateView(saved), created: !before };
  }

  async read(app: string, id: string): Promise<TemplateView> {
    return templateView(await this.find(app, id));
  }

  /** The cursor is the last id of the page before. */
  async page(app: string, { cursor, limit }: PageQuery): Promise<TemplatePage> {
    const { templates, next } = await this.templates.page(app, cursor, limit);
    return { templates: templates.map(templateView), ...(next !== undefined && { next }) };
  }

  async delete(app: string, id: string): Promise<void> {
    if (!(await this.templates.delete(app, id))) throw noSuchTemplate(id);
  }

  async preview(app: string, id: string, request: PreviewTemplate): Promise<TemplatePreview> {
    const saved = await this.find(app, id);
    const { kind, variables, devices } = request;
    const message = parseMessage({ kind, template: id, variables }, saved);
    const previews = devices
      ? await this.forDevices(app, message, devices)
      : forLocales(message, saved.content);
    return { previews };
  }

  private forDevices(
    app: string,
    message: Message,
    ids: readonly string[],
  ): Promise<TemplatePreview['previews']> {
    return Promise.all(
      ids.map(async (id) => {
        const device = await this.devices.find(app, id);
        return device
          ? renderedView(renderFor(message, device), device)
          : { device: id, failure: 'there is no such device' };
      }),
    );
  }

  private async find(app: string, id: string): Promise<SavedTemplate> {
    const saved = await this.templates.find(app, id);
    if (!saved) throw noSuchTemplate(id);
    return saved;
  }
}

const forLocales = (message: Message, template: ContentTemplate): TemplatePreview['previews'] =>
  [undefined, ...localesOf(template)].map((locale) =>
    renderedView(renderFor(message, undefined, locale), undefined, locale),
  );

const noSuchTemplate = (id: string): CarillonError =>
  new CarillonError('not-found', `there is no template ${id}`);
