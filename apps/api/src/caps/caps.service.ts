import { Injectable } from '@nestjs/common';
import { type Cap, CarillonError, formatDuration, parseDuration } from '@carillon/domain';
import { MAX_CAPS, RedisCaps } from '@carillon/persistence';
import type { CapView, PutCap } from './cap.dto.js';

@Injectable()
export class CapsService {
  constructor(private readonly caps: RedisCaps) {}

  async put(
    app: string,
    category: string,
    { max, per }: PutCap,
  ): Promise<{ view: CapView; created: boolean }> {
    const others = (await this.caps.list(app)).filter((cap) => cap.category !== category);
    if (others.length >= MAX_CAPS) throw new CarillonError('conflict', `there are ${MAX_CAPS} caps already`);
    const cap = { category, max, seconds: parseDuration(per)! };
    const created = await this.caps.save(app, cap);
    return { view: capView(cap), created };
  }

  async list(app: string): Promise<CapView[]> {
    return (await this.caps.list(app)).map(capView);
  }

  async read(app: string, category: string): Promise<CapView> {
    const found = (await this.list(app)).find((cap) => cap.category === category);
    if (!found) throw noSuchCap(category);
    return found;
  }

  async delete(app: string, category: string): Promise<void> {
    if (!(await this.caps.delete(app, category))) throw noSuchCap(category);
  }
}

const capView = ({ category, max, seconds }: Cap): CapView => ({
  category,
  max,
  per: formatDuration(seconds),
});

const noSuchCap = (category: string): CarillonError =>
  new CarillonError('not-found', `there is no cap on ${category}`);
