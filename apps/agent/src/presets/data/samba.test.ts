import { describe, expect, it } from 'vitest';
import { foundOn } from '../testing/fake-server.ts';

describe('the preset of Samba', () => {
  it('takes shares and the private databases, no printers, and says what varies by user', () => {
    const [found] = foundOn({
      files: {
        '/etc/samba/smb.conf': `[global]
  workgroup = HOUSE
  include = /etc/samba/shares.conf
[printers]
  path = /var/tmp
  printable = yes
[print$]
  path = /var/lib/samba/printers
[labels]
  path = /var/spool/labels
  printable = Yes
[profiles]
  path = /srv/profiles/%U
[files]
  path = "/srv/files/"
`,
        '/etc/samba/shares.conf': '[more]\n; path = /srv/old\n  path = /srv/more files\n',
        '/var/lib/samba/private/passdb.tdb': '',
        '/srv/files/a': '',
        '/srv/more files/b': '',
      },
    });
    expect(found).toMatchObject({ name: 'samba', running: false });
    expect(found?.include).toEqual(['/srv/more files', '/srv/files', '/var/lib/samba']);
    expect(found?.exclude).toContain('/var/lib/samba/private/msg.sock');
    expect(found?.notes.join()).toContain('/srv/profiles/%U is another for each user');
  });
});
