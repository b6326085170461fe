export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // What the API answers is the subject of the tests.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
}

/** The REST API as a backend sees it. */
export class Rest {
  constructor(
    readonly baseUrl: string,
    readonly key: string | undefined,
  ) {}

  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await fetch(this.baseUrl + path, {
      method,
      headers: {
        ...(this.key !== undefined && { authorization: `Bearer ${this.key}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = (response.headers.get('content-type') ?? '').includes('json');
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }

  get = (path: string) => this.call('GET', path);
  put = (path: string, body?: unknown) => this.call('PUT', path, body);
  post = (path: string, body?: unknown, headers?: Record<string, string>) =>
    this.call('POST', path, body, headers);
  patch = (path: string, body: unknown) => this.call('PATCH', path, body);
  delete = (path: string) => this.call('DELETE', path);

  /** Registers a device. @returns its token */
  async register(id: string, device: object = {}): Promise<string> {
    const { status, body } = await this.put(`/v1/devices/${id}`, device);
    if (status !== 201) throw new Error(`registering ${id} answered ${status}: ${JSON.stringify(body)}`);
    return body.token as string;
  }

  /** Sends. @returns the notification's id */
  async send(notification: object): Promise<string> {
    const { status, body } = await this.post('/v1/notifications', { title: 'Test', ...notification });
    if (status !== 202) throw new Error(`sending answered ${status}: ${JSON.stringify(body)}`);
    return body.id as string;
  }
}
