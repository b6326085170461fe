import { NS } from '../stream/namespaces.js';
import type { Element } from './element.js';

/** The values of a submitted form by field, `FORM_TYPE` among them (XEP-0004 §3.2). */
export type FormValues = ReadonlyMap<string, readonly string[]>;

/** The form inside an element, or undefined if there is none. */
export function submittedForm(parent: Element): FormValues | undefined {
  const form = parent.child('x', NS.dataForms);
  return form && formValues(form);
}

function formValues(form: Element): FormValues {
  const fields = form.elements.filter((field) => field.is('field', NS.dataForms));
  return new Map(
    fields.map((field) => [
      field.attrs['var'] ?? '',
      field.elements.filter((value) => value.name === 'value').map((value) => value.text),
    ]),
  );
}

export interface FormField {
  name: string;
  type: 'hidden' | 'jid-single' | 'text-single' | 'list-multi' | 'boolean';
  value?: string;
}

/** A form to be filled in, serialised. Names and values are ours: nothing in them needs escaping. */
export function emptyForm(fields: readonly FormField[]): string {
  const items = fields.map(({ name, type, value }) => {
    const content = value === undefined ? '/>' : `><value>${value}</value></field>`;
    return `<field var='${name}' type='${type}'${content}`;
  });
  return `<x xmlns='${NS.dataForms}' type='form'>${items.join('')}</x>`;
}
