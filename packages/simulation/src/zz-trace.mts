import { runSeed } from '/work/main/packages/simulation/src/run-seed.ts';
import { decodeRecord, peekLength, Verb } from '@understudy/wire';
const names = Object.fromEntries(Object.entries(Verb).map(([k, v]) => [v, k]));
const want = process.argv[3];
const log: string[] = [];
const out = await runSeed(Number(process.argv[2]), {
  tamper: (m) => {
    if (m.kind === 'operations') {
      const { bytes } = m.packet;
      for (let at = 0; at < bytes.length; at += peekLength(bytes, at)) {
        const r = decodeRecord(bytes, at);
        log.push(`${r.sequence} ${names[r.verb]} r${r.root} n=${r.node} ${r.parent}/${r.name} ${r.parent2}/${r.name2} v=${r.victim}:${r.victimNlink} nl=${r.attributes.nlink} f=${r.flags} d=${r.detail} ${r.offset}+${r.extent}`);
      }
    } return m;
  },
  spoil: (pair: any) => {
    const t = pair.target; if (t.hooked) return; t.hooked = true;
    const a = t.applySome.bind(t); t.applySome = (n: number) => { const r = a(n); log.push(`-- applied ${t.applied} ev ${t.events.splice(0).join('|')}`); return r; };
    const k = t.kill.bind(t); t.kill = () => { log.push('-- KILL target'); k(); };
    const ps = pair.source; const kk = ps.kill.bind(ps); ps.kill = () => { log.push('-- KILL source'); return kk(); };
    const c = pair.connect.bind(pair); pair.connect = () => { if (!pair.linked) log.push('-- connect'); c(); };
  },
});
const lines = want ? log.filter((l) => l.includes(want) || (l.startsWith('--') && (!l.startsWith('-- applied') || !l.endsWith('ev ')) )) : log;
console.log(lines.join('\n'));
console.log(out.failures.slice(0, 2).join('\n').slice(0, 1500), out.world);
