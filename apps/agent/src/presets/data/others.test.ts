import { describe, expect, it } from 'vitest';
import { foundOn } from '../testing/fake-server.ts';

describe('the presets of', () => {
  it('NFS: every exported directory', () => {
    const [found] = foundOn({
      files: {
        '/etc/exports':
          '# none\n/srv/one  10.0.0.0/8(rw) \\\n  10.1.0.0/16(ro)\n"/srv/with space" *(ro)\n/srv/tab\\011bed *(ro)\n',
        '/etc/exports.d/more.exports': '/srv/two/ *(rw)\n',
        '/etc/exports.d/not.bak': '/srv/three *(rw)\n',
      },
    });
    expect(found?.include).toEqual(['/srv/one', '/srv/with space', '/srv/tab\tbed', '/srv/two']);
  });

  it('nginx: roots of the sites that are enabled, and their ports', () => {
    const [found] = foundOn({
      files: {
        '/etc/nginx/nginx.conf': 'user www-data;\nhttp { include sites-enabled/*; include missing.conf; }\n',
        '/etc/nginx/sites-available/one':
          'server { listen [::]:8443 ssl; # root /srv/not;\n root /srv/www/one/; location / { root /srv/www/two; } root $x; }',
      },
      links: { '/etc/nginx/sites-enabled/one': '/etc/nginx/sites-available/one' },
    });
    expect(found).toMatchObject({ name: 'nginx', include: ['/srv/www/one', '/srv/www/two'] });
  });

  it('Apache: the roots of its sites', () => {
    const [found] = foundOn({
      files: {
        '/etc/apache2/apache2.conf': 'IncludeOptional sites-enabled/*.conf\n',
        '/etc/apache2/sites-enabled/a.conf':
          '<VirtualHost *:80>\n  DocumentRoot "/srv/www/a b"\n</VirtualHost>\n# DocumentRoot /no\n',
      },
    });
    expect(found).toMatchObject({ name: 'apache', include: ['/srv/www/a b'] });
  });

  it('Docker: the volumes, wherever its data lies', () => {
    const files = {
      '/etc/docker/daemon.json': '{"data-root": "/big/docker", "debug": true}',
      '/big/docker/volumes/db/_data/x': '',
    };
    expect(foundOn({ files })[0]).toMatchObject({ name: 'docker', include: ['/big/docker/volumes'] });
    expect(foundOn({ files: { '/var/lib/docker/volumes/a/b': '' } })[0]?.include).toEqual(['/var/lib/docker/volumes']);
    expect(foundOn({ files: { '/etc/docker/daemon.json': '{' } })).toEqual([]);
  });

  it('libvirt: pools, and disks that lie in none', () => {
    const [found] = foundOn({
      files: {
        '/etc/libvirt/storage/pool.xml':
          '<pool type="dir"><name>p</name><target><path>/srv/images</path></target></pool>',
        '/etc/libvirt/qemu/one.xml':
          "<domain><!-- <disk><source file='/no'/></disk> --><devices><disk type='file'><source file='/srv/images/one.qcow2'/></disk>" +
          "<disk><source file='/else/a&amp;b.img' index='1'/><target dev='vdb'/></disk><disk><source dev='/dev/sda'/></disk></devices></domain>",
      },
    });
    expect(found?.include).toEqual(['/srv/images', '/else/a&b.img']);
  });
});
