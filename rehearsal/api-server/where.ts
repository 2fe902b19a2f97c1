import type { Kind } from './kinds.ts';

/** Which object a request is about, and how. */
export interface Where {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
  /** Field manager of the write. */
  readonly manager?: string;
  /** How unknown fields are met; the platform's own writes drop them without a word. */
  readonly fieldValidation?: 'Strict' | 'Warn' | 'Ignore';
  /** Fields the body gives twice. */
  readonly duplicates?: readonly string[];
  /** Takes what the answer's `Warning` headers are to say. */
  readonly warn?: (text: string) => void;
}
