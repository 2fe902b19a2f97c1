/** What teams' specs import from `golive-gate`, with the types that are meant for them. */
import type { TestType } from '@playwright/test';
import type { SpecEnvironment } from '../checks/contract/spec-environment.ts';
import type { SpecEvidence } from '../checks/contract/spec-evidence.ts';
import { test as own } from '../fixtures/test.ts';

export type { SpecEnvironment as Environment } from '../checks/contract/spec-environment.ts';
export type { SpecEvidence } from '../checks/contract/spec-evidence.ts';
export { expect } from '@playwright/test';

/** What golive's `test` hands to a test. */
export interface GateFixtures {
  /** Says what the test saw: without it a passed test is inconclusive. */
  readonly evidence: SpecEvidence;
  /** The environment the gate runs against: endpoints, namespaces, stores. Secrets are references. */
  readonly environment: SpecEnvironment;
}

/** `test` of teams' specs. Each test counts for the item of kind playwright/spec that names its file and title. */
export const test: TestType<GateFixtures, object> = own;
