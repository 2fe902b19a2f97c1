/** What every layout of migrations comes down to. */
import type { Row } from '../postgres.ts';

export interface MigrationFile {
  /** Relative to the migrations' folder. */
  readonly path: string;
  readonly text: string;
}
/** A migration as the folder has it. */
export interface Script {
  /** What people and histories call it. */
  readonly version: string;
  readonly path: string;
  /** As the tool would write it down; undefined where it writes none. */
  readonly checksum?: string;
  readonly reversible: boolean;
}
/** A migration as the database remembers it. */
export interface Applied {
  readonly version: string;
  readonly checksum?: string;
  /** It did not end well, and the tool refuses to go on. */
  readonly failed?: boolean;
  /** Its script may be gone: it was squashed, or never was a script. */
  readonly mayLackScript?: boolean;
}
export interface Migrations {
  /** In the order in which they are applied. */
  readonly scripts: readonly Script[];
  readonly applied: readonly Applied[];
  /** Files that look like migrations and that the tool passes over. */
  readonly passedOver: readonly string[];
  /** Versions that more than one file claims. */
  readonly doubled: readonly string[];
  /** Ends of the chain, where there must be one. */
  readonly heads?: readonly string[];
}
export interface Layout {
  /** Table of the history, unless the item names another. */
  readonly table: string;
  /** Files lie in folders of their own. */
  readonly nested?: boolean;
  /** Whether the tool refuses a script that comes before one that was applied, or passes it over. */
  readonly strictOrder: boolean;
  read(files: readonly MigrationFile[], rows: readonly Row[]): Migrations;
}

/** Whether there is anything in it but comments, spaces and the words around a transaction. */
export const hasStatements = (sql: string): boolean =>
  sql
    .replace(/\/\*[\s\S]{0,100000}?\*\//g, ' ')
    .replace(/--[^\n]*/g, ' ')
    .replace(/\b(?:begin|commit|start\s+transaction)\b/gi, ' ')
    .replace(/[\s;]+/g, '') !== '';

export const doubledIn = (versions: readonly string[]): readonly string[] => [
  ...new Set(versions.filter((version, index) => versions.indexOf(version) !== index)),
];
