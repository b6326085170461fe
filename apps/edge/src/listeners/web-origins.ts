/** Which web pages' clients are let in (`CARILLON_XMPP_WEB_ORIGINS`). */
export class WebOrigins {
  constructor(private readonly origins: readonly string[]) {}

  /** A client that is no web page names no origin. */
  allows(origin: string | undefined): boolean {
    return origin === undefined || this.origins.includes('*') || this.origins.includes(origin);
  }

  /** What tells the page's browser that it may read the answer (Fetch, CORS protocol). */
  headers(origin: string | undefined): Record<string, string> {
    if (this.origins.includes('*')) return { 'access-control-allow-origin': '*' };
    const foreign = origin === undefined || !this.allows(origin);
    return foreign ? { vary: 'origin' } : { vary: 'origin', 'access-control-allow-origin': origin };
  }
}
