import { dnsSchema } from '@understudy/wire';
import { expect, it } from 'vitest';
import { updateText } from './dns.ts';

it('a DNS update replaces the records of the same name and type, and puts those back that the section names', () => {
  const dns = dnsSchema.parse({
    server: '192.0.2.1',
    zone: 'example.org',
    records: [
      { name: 'db.example.org', type: 'A', value: '192.0.2.20', back: '192.0.2.10', ttlSeconds: 30 },
      { name: 'www.example.org', type: 'CNAME', value: 'beta.example.org.' },
    ],
  });
  expect(updateText(dns, 'there')).toBe(
    [
      'server 192.0.2.1 53',
      'zone example.org',
      'update delete db.example.org A',
      'update add db.example.org 30 A 192.0.2.20',
      'update delete www.example.org CNAME',
      'update add www.example.org 60 CNAME beta.example.org.',
      'send',
      '',
    ].join('\n'),
  );
  expect(updateText(dns, 'back')).toContain('update add db.example.org 30 A 192.0.2.10');
  expect(updateText(dns, 'back')).not.toContain('www');
});
