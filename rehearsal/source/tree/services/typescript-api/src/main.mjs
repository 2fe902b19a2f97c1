import { createServer } from 'node:http';
import { verifyToken } from './token.mjs';
import { ask } from './upstream.mjs';

/** GET /ready; POST /api/v1/predict, for holders of a token, asks the learning system at `upstream`. */
export function typescriptApi({ key, upstream, nowS = () => Date.now() / 1000 }) {
  return createServer(async (request, response) => {
    const answer = (status, body) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.url === '/ready') return answer(200, { status: 'ready' });
    if (request.method !== 'POST' || request.url !== '/api/v1/predict') return answer(404, { error: 'not found' });
    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (verifyToken(token, key, nowS()) === undefined) return answer(401, { error: 'no valid token' });
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { status, body } = await ask(`${upstream}/v1/predict`, { method: 'POST', body: Buffer.concat(chunks) });
    return answer(status, body);
  });
}
