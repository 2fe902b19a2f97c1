/** The services, running on free ports of this machine for as long as `use` takes. */
import { randomUUID } from 'node:crypto';
import { learningSystem } from '../services/learning-system/src/main.mjs';
import { issueToken } from '../services/typescript-api/src/token.mjs';
import { typescriptApi } from '../services/typescript-api/src/main.mjs';
import { ask } from '../services/typescript-api/src/upstream.mjs';

const listening = (server) =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`)));

export async function withServices(use) {
  const key = randomUUID();
  const learning = learningSystem();
  const upstream = await listening(learning);
  const api = typescriptApi({ key, upstream });
  const url = await listening(api);
  const token = issueToken('tester', key, 600, Date.now() / 1000);
  const predict = (features, authorization = `Bearer ${token}`) =>
    ask(`${url}/api/v1/predict`, { method: 'POST', headers: { authorization }, body: JSON.stringify({ features }) });
  try {
    await use({ get: (path) => ask(`${url}${path}`), predict });
  } finally {
    for (const server of [api, learning]) server.close().closeAllConnections();
  }
}
