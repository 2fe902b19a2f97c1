/** What the gateway counts: every request by the Service it was for, what became of it, and whether a user sent it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Server } from 'node:net';
import { clientOf } from '../../../checks/contract/gate-traffic.ts';
import { createRequestSeries } from '../frame/request-series.ts';

/** As proxies call it: the client left before it was answered. */
const CLIENT_GONE = 499;

export interface GatewayMetrics {
  /** To be called when a request comes in; `service` is asked when its answer has ended. */
  readonly follow: (request: IncomingMessage, response: ServerResponse, service: () => string) => void;
  render(): string;
}

export function gatewayMetrics(): GatewayMetrics {
  const requests = createRequestSeries();
  return {
    follow(request, response, service) {
      const from = performance.now();
      const client = clientOf(request.headers);
      response.on('close', () => {
        const status = response.writableFinished ? response.statusCode : CLIENT_GONE;
        const labels = `service="${service()}",status="${status}",client="${client}"`;
        requests.observe(labels, (performance.now() - from) / 1000);
      });
    },
    render: () =>
      `${requests
        .render({ counter: 'gateway_requests_total', histogram: 'gateway_request_duration_seconds' })
        .join('\n')}\n`,
  };
}

/** Serves them at `/metrics`, on a port of its own: by the ports for users they are not reached. */
export function metricsServer(metrics: Pick<GatewayMetrics, 'render'>): Server {
  return createServer((request, response) => {
    const known = request.url === '/metrics';
    response.writeHead(known ? 200 : 404, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
    response.end(known ? metrics.render() : '');
  });
}
