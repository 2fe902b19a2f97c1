/** Fields that the schemas of channels and of on-call schedules share. */
import { secretRef } from './param-schemas.ts';

export const text = (description: string) => ({ type: 'string', minLength: 1, description }) as const;
export const secret = <const D extends string>(description: D) => ({ ...secretRef, description }) as const;
export const address = (description: string) =>
  ({ type: 'string', pattern: '^(https?://[^\\s/@]+|\\$\\{rehearsal\\.)', description }) as const;
export const mailAddress = {
  type: 'string',
  pattern: '^[^\\s@<>,;]+@[^\\s@<>,;]+$',
  description: 'A mail address.',
} as const;
export const caFile = text('PEM file of the CA to trust besides those of the system.');
