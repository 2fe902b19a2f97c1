/**
 * The only door of the rehearsal: what the commands use of it, beside `fixtures/rehearsal-client/`, which starts, stops and finds one.
 * Nothing outside this folder imports anything else of it, but for tests.
 */
export { type Coverage, coverageOf, coveringFaults, isGreen, seenChange } from './drill/compare.ts';
export { bound, type BoundFault } from './drill/bound.ts';
export { type DrillResult, runDrill } from './drill/drill.ts';
export { renderFault, renderMatrix } from './drill/render.ts';
export { type DrillSummary, summaryOf } from './drill/summary.ts';
export type { Fault } from './faults/fault.ts';
export { faults } from './faults/index.ts';
export { shortened } from './faults/shortened.ts';
export { findNative } from './postgres/binaries.ts';
export { SERVICES } from './topology.ts';
