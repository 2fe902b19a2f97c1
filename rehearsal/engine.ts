/**
 * How V8 runs the rehearsal's own process; to be imported before anything else. Most of its code runs for a few seconds at the start and some
 * times a second after it: what optimising that cost was a seventh of the start and a fifth of what it did at rest. Code that is really hot
 * is optimised all the same, eight times later. A V8 that does not know the flag goes on without it.
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString(`--interrupt-budget=${8 * 132 * 1024}`);
