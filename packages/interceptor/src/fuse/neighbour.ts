/**
 * Service addresses on the link. In: an interface, an address. Out: who has it already; everybody told that it is here now. The work is
 * native (native/linux/neighbour.c): Node has no such sockets. Throws InterceptorRefusal where it is not built.
 */
import { nativeBinary, runNative } from './native.ts';

/** Null: nobody answers for it; else who does, or why it cannot be asked. `asked`: false for the latter. */
export async function whoHas(
  device: string,
  address: string,
): Promise<{ readonly asked: boolean; readonly who: string | null }> {
  const { code, output } = await runNative(nativeBinary(), ['neighbour', 'probe', device, address], 10_000);
  if (code === 0) return { asked: true, who: null };
  return { asked: code === 1, who: output };
}

/** Gratuitous ARP, or unsolicited neighbour advertisements. The answer: why not; empty: said. */
export async function announce(device: string, address: string): Promise<string> {
  const { code, output } = await runNative(nativeBinary(), ['neighbour', 'announce', device, address], 10_000);
  return code === 0 ? '' : output;
}
