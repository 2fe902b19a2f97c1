/** Few runs at once: each is three processes, and the API server and the gateway of all of them are in the process of the tests. */
const AT_ONCE = 3;
const waiting: (() => void)[] = [];
let present = 0;

/** Settles when there is room for another run. */
export async function takeTurn(): Promise<void> {
  if (present < AT_ONCE) present += 1;
  else await new Promise<void>((go) => waiting.push(go));
}

export function endTurn(): void {
  const next = waiting.shift();
  if (next) next();
  else present -= 1;
}
