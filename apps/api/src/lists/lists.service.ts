import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { CarillonError, formatInstant, type ListFormat, ListReader, type ListRow } from '@carillon/domain';
import { RedisLists, type StoredList } from '@carillon/persistence';
import type { ListView, RejectedRow, UploadView } from './list.dto.js';

/** Rows that are written together. */
const PAGE = 2_000;
const MAX_REJECTED = 1_000;
const MAX_LISTS = 1_000;

@Injectable()
export class ListsService {
  constructor(private readonly lists: RedisLists) {}

  /** Replaces a list: whoever asks for it meanwhile has the former one. */
  async put(app: string, name: string, format: ListFormat, body: Readable): Promise<UploadView> {
    const before = await this.lists.all(app);
    if (before.length >= MAX_LISTS && !before.some((list) => list.name === name))
      throw new CarillonError('conflict', `there are ${MAX_LISTS} lists already`);
    const key = this.lists.newKey(name);
    try {
      return await this.upload(app, name, key, format, body, false);
    } catch (error) {
      await this.lists.discard(app, key);
      throw error;
    }
  }

  /** Adds rows to a list that is there: each counts as soon as it is taken. */
  async append(app: string, name: string, format: ListFormat, body: Readable): Promise<UploadView> {
    const { key } = await this.find(app, name);
    return this.upload(app, name, key, format, body, true);
  }

  async read(app: string, name: string): Promise<ListView> {
    return listView(await this.find(app, name));
  }

  async all(app: string): Promise<ListView[]> {
    return (await this.lists.all(app)).map(listView);
  }

  async delete(app: string, name: string): Promise<void> {
    if (!(await this.lists.delete(app, name))) throw noSuchList(name);
  }

  private async upload(
    app: string,
    name: string,
    key: string,
    format: ListFormat,
    body: Readable,
    lasting: boolean,
  ): Promise<UploadView> {
    const upload = new Upload((rows) => this.lists.add(app, key, rows, lasting));
    await upload.read(format, body);
    const list = await this.lists.publish(app, name, key, Date.now());
    return { ...listView(list), taken: upload.taken, refused: upload.refused, rejected: upload.rejected };
  }

  private async find(app: string, name: string): Promise<StoredList> {
    const list = await this.lists.find(app, name);
    if (!list) throw noSuchList(name);
    return list;
  }
}

type Member = { readonly device: string } | { readonly user: string };

/** Rows as they come, written page by page; the stream waits for what is being written. */
class Upload {
  taken = 0;
  refused = 0;
  readonly rejected: RejectedRow[] = [];
  private page: { line: number; member: Member }[] = [];

  constructor(private readonly add: (members: readonly Member[]) => Promise<readonly boolean[]>) {}

  async read(format: ListFormat, body: Readable): Promise<void> {
    const reader = ListReader.of(format);
    const decoder = new TextDecoder('utf-8', { fatal: true });
    for await (const chunk of body) await this.take(reader.push(decode(decoder, chunk as Buffer)));
    await this.take([...reader.push(decode(decoder)), ...reader.end()]);
    await this.flush();
    this.rejected.sort((a, b) => a.line - b.line);
  }

  private async take(rows: readonly ListRow[]): Promise<void> {
    for (const row of rows) {
      if (row.ok) this.page.push(row);
      else this.reject(row.line, row.detail);
      if (this.page.length >= PAGE) await this.flush();
    }
  }

  private async flush(): Promise<void> {
    const page = this.page;
    this.page = [];
    if (page.length === 0) return;
    const taken = await this.add(page.map(({ member }) => member));
    page.forEach(({ line, member }, i) => {
      if (taken[i]) this.taken++;
      else this.reject(line, `there is no device ${'device' in member ? member.device : ''}`);
    });
  }

  private reject(line: number, detail: string): void {
    this.refused++;
    if (this.rejected.length < MAX_REJECTED) this.rejected.push({ line, detail });
  }
}

function decode(decoder: InstanceType<typeof TextDecoder>, chunk?: Buffer): string {
  try {
    return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
  } catch {
    throw new CarillonError('invalid-request', 'the body is not UTF-8');
  }
}

const listView = ({ name, devices, users, createdAt, updatedAt }: StoredList) =>
  ({
    name,
    devices,
    users,
    createdAt: formatInstant(createdAt),
    updatedAt: formatInstant(updatedAt),
  }) satisfies ListView;

const noSuchList = (name: string): CarillonError =>
  new CarillonError('not-found', `there is no list ${name}`);
