import { Injectable } from '@nestjs/common';
import {
  type Audience,
  CarillonError,
  checkCost,
  costOf,
  expandSegments,
  formatInstant,
  parseAudience,
  printAudience,
  segmentsIn,
} from '@carillon/domain';
import { MAX_SEGMENTS, RedisSegments, type Segment } from '@carillon/persistence';
import type { PutSegment, SegmentView } from './segment.dto.js';

@Injectable()
export class SegmentsService {
  constructor(private readonly segments: RedisSegments) {}

  async put(app: string, name: string, fields: PutSegment): Promise<{ view: SegmentView; created: boolean }> {
    const audience = parseAudience(fields.audience);
    const now = Date.now();
    let created = false;
    await this.segments.change(app, name, (before) => {
      const own = before.find((segment) => segment.name === name);
      created = own === undefined;
      if (created && before.length >= MAX_SEGMENTS)
        throw new CarillonError('conflict', `there are ${MAX_SEGMENTS} segments already`);
      const segment: Segment = {
        name,
        audience,
        ...(fields.description && { description: fields.description }),
        createdAt: own?.createdAt ?? now,
        updatedAt: now,
      };
      checkTogether([...before.filter((each) => each.name !== name), segment], name);
      return segment;
    });
    return { view: await this.read(app, name), created };
  }

  async read(app: string, name: string): Promise<SegmentView> {
    const found = (await this.list(app)).find((segment) => segment.name === name);
    if (!found) throw noSuchSegment(name);
    return found;
  }

  async list(app: string): Promise<SegmentView[]> {
    const segments = await this.segments.list(app);
    const saved = new Map(segments.map(({ name, audience }) => [name, audience]));
    return segments.map((segment) => segmentView(segment, saved));
  }

  async delete(app: string, name: string): Promise<void> {
    await this.segments.change(app, name, (before) => {
      if (!before.some((segment) => segment.name === name)) throw noSuchSegment(name);
      const users = before.filter(({ audience }) => segmentsIn(audience).includes(name));
      if (users.length === 0) return null;
      const names = users.map((segment) => segment.name).join(', ');
      throw new CarillonError('conflict', `segment ${name} is part of ${names}: change these first`);
    });
  }
}

/** What one segment is changed to has to fit all others that it is part of. */
function checkTogether(segments: readonly Segment[], changed: string): void {
  const saved = new Map(segments.map(({ name, audience }) => [name, audience]));
  for (const { name } of segments) {
    const expansion = expandSegments({ segment: [name] }, (each) => saved.get(each));
    if (!expansion.ok) {
      const detail = `refers to itself: ${expansion.cycle.join(' → ')}`;
      throw new CarillonError('invalid-audience', `/audience: ${detail}`, {
        faults: [{ pointer: '/audience', detail }],
      });
    }
    checkCost(
      expansion.audience,
      name === changed ? '/audience' : `segment ${name}, of which this is a part`,
    );
  }
}

function segmentView(segment: Segment, saved: ReadonlyMap<string, Audience>): SegmentView {
  const { name, description, audience, createdAt, updatedAt } = segment;
  const expansion = expandSegments(audience, (each) => saved.get(each));
  return {
    name,
    ...(description !== undefined && { description }),
    audience,
    text: printAudience(audience),
    cost: costOf(expansion.ok ? expansion.audience : audience),
    createdAt: formatInstant(createdAt),
    updatedAt: formatInstant(updatedAt),
  };
}

const noSuchSegment = (name: string): CarillonError =>
  new CarillonError('not-found', `there is no segment ${name}`);
