# Prints what a file system answers to many calls: the same lines in two directories mean that they behave the same.
#   bash semantics.sh DIRECTORY
cd "$1" || exit 9
umask 022
say() { echo "$1: $(stat -c '%A %u %g %h %s %F' "$2" 2>&1)"; }
try() { "$@" > /dev/null 2> err; local code=$?; echo "$* -> $code $(sed 's/.*: //' err)"; rm -f err; }
user() { setpriv --reuid 1000 --regid 1000 --groups 1000,2000 "$@"; }
chmod 1777 .
mkdir sg; chgrp 2000 sg; chmod 2775 sg; say sg sg
mkdir sg/sub; touch sg/f; say sub sg/sub; say f sg/f
user mkdir /proc/self/cwd/udir; say udir udir
chmod 2777 sg; user bash -c 'umask 077; touch sg/u; mkdir sg/ud'; say u sg/u; say ud sg/ud
echo x > suid; chmod 6755 suid; chown 1000:2000 suid; say "suid after chown" suid
chmod 6755 suid; user bash -c 'echo more >> suid'; say "suid after the owner wrote" suid
chmod 6755 suid; user truncate -s 1 suid; say "suid after the owner truncated" suid
chmod 6755 suid; echo root >> suid; say "suid after root wrote" suid
chmod 6755 suid; user chmod g+s suid; say "suid after the owner's chmod" suid
chmod 2644 suid; chgrp 3000 suid; user chmod 2755 suid; say "sgid by a stranger to the group" suid
touch sticky; chmod 644 sticky; try user rm -f sticky; try user mv sticky elsewhere
touch ro; chmod 444 ro; try user bash -c 'echo x > ro'; try user cat ro; chmod 000 ro; try user cat ro; echo root > ro; say ro ro
try user chown 0 udir; try user chgrp 2000 udir; try user chgrp 3000 udir; say udir udir
ln -s nowhere link; say link link; try cat link; readlink link; chown -h 5:6 link; say link link
mkfifo pipe; mknod null c 1 3; mknod blk b 7 200; stat -c '%F %t %T' null blk; echo gone > null; mknod far c 300 70000; stat -c '%t %T' far
ln suid hard; say hard hard; rm suid; say hard hard
try mkdir sg; try rmdir sg; try rmdir nothing; try ln hard hard; try mv sg sg/sub; try unlink sg; try rm nothing
touch a b; mv -T a b; mkdir d1 d2; mv -T d1 d2; say d2 d2; say . .
touch -d '2001-02-03 04:05:06.123456789' t; stat -c '%y %x' t; touch -d '1960-01-01' t; stat -c %y t; touch -d '2400-01-01' t; stat -c %y t
python3 - <<'P'
import os,errno,fcntl,struct
def t(what,f):
    try: r=f()
    except OSError as e: r=errno.errorcode[e.errno]
    print(what,r)
fd=os.open('data',os.O_RDWR|os.O_CREAT,0o644)
t('pwrite',lambda:os.pwrite(fd,b'x'*10000,100000))
t('hole',lambda:os.lseek(fd,0,os.SEEK_HOLE)); t('data',lambda:os.lseek(fd,0,os.SEEK_DATA)); t('beyond',lambda:os.lseek(fd,10**9,os.SEEK_DATA))
t('blocks',lambda:os.fstat(fd).st_blocks)
t('fallocate',lambda:os.posix_fallocate(fd,0,200000)); t('size',lambda:os.fstat(fd).st_size)
t('trunc neg',lambda:os.ftruncate(fd,-1))
t('too far',lambda:os.pwrite(fd,b'x',2**63-2)); t('grow huge',lambda:os.ftruncate(fd,2**50))
t('long name',lambda:os.open('n'*256,os.O_CREAT)); t('255',lambda:os.close(os.open('n'*255,os.O_CREAT|os.O_WRONLY)))
t('notdir',lambda:os.stat('data/x')); t('excl',lambda:os.open('data',os.O_CREAT|os.O_EXCL)); t('isdir',lambda:os.open('sg',os.O_WRONLY)); t('odir',lambda:os.open('data',os.O_DIRECTORY))
t('nofollow',lambda:os.open('link',os.O_NOFOLLOW|os.O_RDONLY)); t('loop',lambda:(os.symlink('l1','l2'),os.symlink('l2','l1'),os.open('l1',0)))
t('xattr',lambda:(os.setxattr('data','user.a',b'v'),os.getxattr('data','user.a'),sorted(os.listxattr('data'))))
t('xattr none',lambda:os.getxattr('data','user.b')); t('xattr create',lambda:os.setxattr('data','user.a',b'',os.XATTR_CREATE)); t('xattr replace',lambda:os.setxattr('data','user.c',b'',os.XATTR_REPLACE))
t('xattr big',lambda:os.setxattr('data','user.big',b'x'*70000)); t('xattr space',lambda:os.setxattr('data','user.big',b'x'*60000)); t('xattr on link',lambda:os.setxattr('link','user.a',b'v',follow_symlinks=False)); t('trusted on link',lambda:(os.setxattr('link','trusted.a',b'v',follow_symlinks=False),os.getxattr('link','trusted.a',follow_symlinks=False)))
cap=struct.pack('<IIIII',0x02000001,0x400,0,0,0); t('cap',lambda:(os.setxattr('data','security.capability',cap),os.getxattr('data','security.capability')))
t('cap after write',lambda:(os.pwrite(fd,b'z',0),[x for x in os.listxattr('data') if 'cap' in x]))
def acl(*e): return struct.pack('<I',2)+b''.join(struct.pack('<HHI',*x) for x in e)
N=0xffffffff
full=acl((1,7,N),(2,6,1000),(4,5,N),(16,7,N),(32,1,N))
t('acl',lambda:(os.setxattr('data','system.posix_acl_access',full),oct(os.stat('data').st_mode)))
t('default acl',lambda:os.setxattr('d2','system.posix_acl_default',full))
os.umask(0o077); t('inherit',lambda:(os.close(os.open('d2/f',os.O_CREAT|os.O_WRONLY,0o666)),oct(os.stat('d2/f').st_mode),os.getxattr('d2/f','system.posix_acl_access').hex()))
t('inherit dir',lambda:(os.mkdir('d2/d',0o755),oct(os.stat('d2/d').st_mode),sorted(os.listxattr('d2/d'))))
t('acl off',lambda:(os.removexattr('data','system.posix_acl_access'),oct(os.stat('data').st_mode)))
fcntl.flock(fd,fcntl.LOCK_EX); t('flock',lambda:fcntl.flock(os.open('data',0),fcntl.LOCK_EX|fcntl.LOCK_NB))
t('lockf',lambda:fcntl.lockf(fd,fcntl.LOCK_EX,10)); t('copy_file_range',lambda:os.copy_file_range(fd,os.open('copy',os.O_CREAT|os.O_RDWR),5000,100000,0)); t('sendfile',lambda:os.sendfile(os.open('copy2',os.O_CREAT|os.O_RDWR),fd,0,5000))
t('append trunc',lambda:(os.write(os.open('data',os.O_WRONLY|os.O_APPEND|os.O_TRUNC),b'abc'),os.stat('data').st_size))
t('rdonly trunc',lambda:(os.open('data',os.O_RDONLY|os.O_TRUNC),os.stat('data').st_size))
t('wr rdonly',lambda:os.write(os.open('data',0),b'x')); d=os.open('d2',0); os.rmdir('d1') if os.path.isdir('d1') else 0
t('readdir',lambda:sorted(os.listdir('.'))); t('fsync dir',lambda:os.fsync(d)); t('statvfs',lambda:(os.statvfs('.').f_bsize,os.statvfs('.').f_namemax))
P
mkdir many; for i in $(seq 3000); do : > many/file-with-a-rather-long-name-$i; done; ls many | wc -l; ls -U many | sort | md5sum; ls -l many | wc -l; rm -r many; rmdir d2 2>&1 | sed 's/.*: //'
rm data # its capability fell by a write, which the replay of records alone cannot know
