import { NotificationContents, type StoredContent } from '@carillon/domain';

/**
 * The newest contents in memory: a push to many devices of an edge is loaded once. What not every device gets is not kept. Bounded by count and bytes.
 */
export class ContentCache extends NotificationContents {
  private readonly cached = new Map<string, StoredContent>();
  private bytes = 0;

  constructor(
    private readonly source: NotificationContents,
    private readonly maxEntries = 4_096,
    private readonly maxBytes = 32 * 1024 * 1024,
  ) {
    super();
  }

  put(content: StoredContent): void {
    if (content.variant !== undefined || this.cached.has(content.id)) return;
    this.cached.set(content.id, content);
    this.bytes += lengthOf(content);
    for (const [id, oldest] of this.cached) {
      if (this.cached.size <= this.maxEntries && this.bytes <= this.maxBytes) return;
      this.cached.delete(id);
      this.bytes -= lengthOf(oldest);
    }
  }

  async load(deviceId: string, ids: readonly string[]): Promise<(StoredContent | undefined)[]> {
    const missing = ids.filter((id) => !this.cached.has(id));
    if (missing.length === 0) return ids.map((id) => this.cached.get(id));
    const loaded = await this.source.load(deviceId, missing);
    const found = new Map(missing.map((id, i) => [id, loaded[i]]));
    for (const content of loaded) if (content) this.put(content);
    return ids.map((id) => found.get(id) ?? this.cached.get(id));
  }
}

const lengthOf = ({ contentJson, overrides = {} }: StoredContent): number =>
  Object.values(overrides).reduce((sum, json) => sum + json.length, contentJson.length);
