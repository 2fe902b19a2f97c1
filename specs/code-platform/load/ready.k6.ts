/** Whether the platform is ready for a few users at once, as its team asks: BASE_URL=https://… k6 run specs/code-platform/load/ready.k6.ts */
import { check } from 'k6';
import http from 'k6/http';
import type { Options } from 'k6/options';

export const options: Options = {
  vus: 4,
  iterations: 160,
  thresholds: { http_req_duration: ['p(95)<500'], http_req_failed: ['rate<0.01'] },
};

export default function (): void {
  check(http.get(`${__ENV['BASE_URL'] ?? 'http://127.0.0.1:8000'}/ready`), {
    'is ready': ({ status }) => status === 200,
  });
}
