import {
  type Device,
  formatInstant,
  parseTemplate,
  type Rendering,
  type SavedTemplate,
} from '@carillon/domain';
import type { RenderedView, TemplateView } from './template.dto.js';

export function templateView({
  id,
  description,
  content,
  createdAt,
  updatedAt,
}: SavedTemplate): TemplateView {
  const { variables = {} } = content;
  const needs = [...parseTemplate(content, '').needs.keys()].filter(
    (name) => !Object.hasOwn(variables, name),
  );
  return {
    id,
    ...(description !== undefined && { description }),
    ...(content as Partial<TemplateView>),
    needs,
    createdAt: formatInstant(createdAt),
    updatedAt: formatInstant(updatedAt),
  };
}

export function renderedView(
  rendering: Rendering,
  device: Device | undefined,
  locale?: string,
): RenderedView {
  const language = device?.locale ?? locale;
  const whom = { ...(device && { device: device.id }), ...(language !== undefined && { locale: language }) };
  if (!rendering.ok) return { ...whom, failure: `${rendering.pointer} ${rendering.reason}`.trim() };
  const { content, overrides } = rendering;
  return { ...whom, content, ...(overrides && { overrides }) };
}
