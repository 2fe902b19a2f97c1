/** A plain HTTP client for tests of kinds against servers of their own: no secrets, no TLS, the failures of the real one. */
import type { HttpClient } from '../../contract/http.ts';
import { ObservationError } from '../../contract/capabilities.ts';

const DEFAULT_TIMEOUT_MS = 2000;

export function nodeHttp(): HttpClient {
  return {
    async request({ url, method = 'GET', headers = {}, json, body, bearer, timeoutMs = DEFAULT_TIMEOUT_MS }) {
      const startedAt = performance.now();
      const sent = json === undefined ? body : JSON.stringify(json);
      try {
        const answer = await fetch(url, {
          method,
          signal: AbortSignal.timeout(timeoutMs),
          redirect: 'manual',
          headers: {
            ...(json === undefined ? {} : { 'content-type': 'application/json' }),
            ...headers,
            ...(typeof bearer === 'string' ? { authorization: `Bearer ${bearer}` } : {}),
          },
          ...(sent === undefined ? {} : { body: sent }),
        });
        return {
          status: answer.status,
          headers: Object.fromEntries(answer.headers),
          body: await answer.text(),
          truncated: false,
          ms: performance.now() - startedAt,
        };
      } catch (error) {
        const late = error instanceof Error && error.name === 'TimeoutError';
        throw new ObservationError(late ? 'timeout' : 'unreachable', late ? 'no answer in time' : 'connection refused');
      }
    },
  };
}
