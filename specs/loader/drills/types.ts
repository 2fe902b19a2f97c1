/** What must become of a checklist's items while a fault of the rehearsal lasts. Findings are named by id, as the kinds declare them. */
import type { NonEmpty, OutcomeName, ReasonCode } from '../../../checks/contract/outcome.ts';

/** An exact value, or a text in which `*` stands for any text and `?` for any character; of a list one must match. */
export type Pattern = Literal | readonly Literal[];
export type Literal = string | number | boolean;

export interface ExpectedFinding {
  /** Of several one must be there. */
  readonly id: string | readonly string[];
  /** As people read it: `Deployment shop/api`. */
  readonly subject?: Pattern;
  readonly data?: Readonly<Record<string, Pattern>>;
}
export interface ExpectedDoubt {
  readonly reason: ReasonCode;
  readonly detail?: Pattern;
  readonly subject?: Pattern;
}

/** What must become of an item: red, and for this reason. */
export interface ExpectedChange {
  readonly item: string;
  readonly outcome: Extract<OutcomeName, 'fail' | 'error' | 'inconclusive'>;
  /** Each must be among the item's findings. */
  readonly findings?: readonly ExpectedFinding[];
  /** All of at least one of these lists must be. */
  readonly anyOf?: readonly (readonly ExpectedFinding[])[];
  /** Each must be among the item's doubts. */
  readonly doubts?: readonly ExpectedDoubt[];
  /** Of an error. */
  readonly reason?: ReasonCode;
  readonly detail?: Pattern;
}

/** A fault's drill. */
export interface Drill {
  readonly fault: string;
  readonly changes: NonEmpty<ExpectedChange>;
  /** Other items that may turn red, each with why. Whatever is named neither here nor in `changes` must not move. */
  readonly mayChange: Readonly<Record<string, string>>;
}
