import { runCases } from '../../testing/run-cases.ts';

runCases(import.meta.url);
