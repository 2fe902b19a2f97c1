/** The main process's half of the gate, as its bundle: everybody who imports it there gets the one instance. */
type GateMain = typeof import('./main-process.ts');

export async function gateMain(): Promise<GateMain> {
  return (await import(new URL('../dist/gate-main.js', import.meta.url).href)) as GateMain;
}
