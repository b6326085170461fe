import type { Campaign, CampaignPlan, CampaignRun, CampaignState } from '@carillon/domain';

/** What a campaign is stored as. */
export type CampaignFields = Omit<Campaign, 'id' | 'revision'>;

const NUMBERS = ['createdAt', 'editedAt', 'startedAt', 'plannedTo', 'nextAt'] as const;
const TEXTS = ['pausedFrom', 'reason', 'approvedBy', 'winner'] as const;

/** Fields and values, those of `undefined` members to be forgotten. */
export function toCampaignFields(fields: Partial<CampaignFields>): { set: string[]; forget: string[] } {
  const set: string[] = [];
  const forget: string[] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) forget.push(name);
    else set.push(name, typeof value === 'object' ? JSON.stringify(value) : String(value));
  }
  return { set, forget };
}

export function fromCampaignFields(
  id: string,
  fields: Readonly<Record<string, string>>,
): Campaign | undefined {
  if (!fields.plan || !fields.app) return undefined;
  const numbers = NUMBERS.flatMap((name) =>
    fields[name] === undefined ? [] : [[name, Number(fields[name])]],
  );
  const texts = TEXTS.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]]]));
  return {
    id,
    app: fields.app,
    revision: Number(fields.revision),
    state: fields.state as CampaignState,
    plan: JSON.parse(fields.plan) as CampaignPlan,
    given: JSON.parse(fields.given!) as Record<string, unknown>,
    createdBy: fields.createdBy!,
    editedBy: fields.editedBy!,
    open: JSON.parse(fields.open ?? '[]') as CampaignRun[],
    ...(Object.fromEntries([...numbers, ...texts]) as Pick<Campaign, 'createdAt' | 'editedAt'>),
  };
}
