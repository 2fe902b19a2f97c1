/** The same against a running platform: BASE_URL=https://… k6 run tests/performance.k6.js */
import { check } from 'k6';
import http from 'k6/http';

export const options = {
  vus: 4,
  iterations: 160,
  thresholds: { http_req_duration: ['p(95)<500'], http_req_failed: ['rate<0.01'] },
};

export default function () {
  check(http.get(`${__ENV.BASE_URL}/ready`), { 'is ready': ({ status }) => status === 200 });
}

export function handleSummary(data) {
  return { [__ENV.SUMMARY || '/dev/stdout']: JSON.stringify(data) };
}
