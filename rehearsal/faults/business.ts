/** Faults that no error rate shows: requests are answered, and the business goes worse. */
import { SERVICES } from '../topology.ts';
import type { Fault } from './fault.ts';

const API = SERVICES.typescriptApi.app;
/** Most of the time that is looked back on must be bad before it weighs. */
const WINDOW_MS = 40_000;

export const businessFaults: readonly Fault[] = [
  {
    name: 'users-wait-and-pay-less',
    title: 'Users wait for most of a second for each answer, and pay 30 % less than things cost; no request fails',
    inject: [
      { lever: 'service.misbehave', with: { app: API, as: 'slow', ms: 900 } },
      { lever: 'service.misbehave', with: { app: API, as: 'charges-less' } },
    ],
    settleMs: WINDOW_MS,
  },
  {
    name: 'users-log-in-twice',
    title: 'Sessions double, and orders and revenue stay as they were',
    inject: [{ lever: 'users.log-in-twice' }],
    settleMs: WINDOW_MS,
  },
];
