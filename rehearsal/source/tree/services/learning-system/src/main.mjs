import { createServer } from 'node:http';
import { classify, readFeatures } from './classifier.mjs';

/** POST /v1/predict `{features}` → `{label, probability}`. */
export function learningSystem() {
  return createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const answer = (status, body) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.method !== 'POST' || request.url !== '/v1/predict') return answer(404, { error: 'not found' });
    let features;
    try {
      features = readFeatures(JSON.parse(Buffer.concat(chunks).toString()).features);
    } catch {
      features = undefined;
    }
    return features ? answer(200, classify(features)) : answer(400, { error: 'features must be 4 numbers' });
  });
}
