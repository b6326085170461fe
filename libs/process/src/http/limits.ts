/** The largest request body, bytes. */
export const MAX_BODY_BYTES = 1024 * 1024;
/** How deep a JSON body may be nested; the deepest thing known, an audience expression, stays well below. */
export const MAX_JSON_DEPTH = 64;
