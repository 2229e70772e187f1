/** The Actor on a directory of the memory file system. */
import { must, type RawName } from '@understudy/base';
import { type NodeId, RenameFlag } from '@understudy/wire';
import type { MemoryFileSystem } from '../memory/memory-file-system.ts';
import type { Actor } from './actor.ts';

export function memoryActor(fs: MemoryFileSystem, directory: RawName): Actor {
  const at = (path: RawName): NodeId => must(fs.resolve(`${directory}/${path}` as RawName), `${path} is there`);
  const place = (path: RawName): [NodeId, RawName] => {
    const cut = path.lastIndexOf('/');
    return [at(path.slice(0, Math.max(0, cut)) as RawName), path.slice(cut + 1) as RawName];
  };
  return {
    create: (path, mode) => void fs.create(...place(path), mode),
    write: (path, offset, data) => fs.write(at(path), offset, data),
    append: (path, data) => fs.append(at(path), data),
    truncate: (path, size) => fs.truncate(at(path), size),
    fallocate: (path, mode, offset, length) => fs.fallocate(at(path), mode, offset, length),
    mapStore: (path, offset, data) => fs.write(at(path), offset, data, { mapped: true }),
    mkdir: (path, mode) => void fs.mkdir(...place(path), mode),
    rmdir: (path) => fs.rmdir(...place(path)),
    symlink: (path, target) => void fs.symlink(...place(path), target),
    mknod: (path, mode, rdev) => void fs.mknod(...place(path), mode, rdev),
    link: (path, to) => fs.link(at(path), ...place(to)),
    unlink: (path) => fs.unlink(...place(path)),
    rename: (path, to) => fs.rename(...place(path), ...place(to)),
    exchange: (path, to) => fs.rename(...place(path), ...place(to), RenameFlag.exchange),
    chmod: (path, mode) => fs.chmod(at(path), mode),
    chown: (path, uid, gid) => fs.chown(at(path), uid, gid),
    utimens: (path, atime, mtime) => fs.utimens(at(path), atime, mtime),
    setXattr: (path, name, value) => fs.setXattr(at(path), name, value),
    removeXattr: (path, name) => fs.removeXattr(at(path), name),
    tmpfile: (path, data) => {
      const [parent, name] = place(path);
      const node = fs.tmpfile(parent);
      fs.write(node, 0, data);
      fs.link(node, parent, name);
      fs.close(node);
    },
    writeUnlinked: (path, data) => {
      const node = at(path);
      fs.open(node);
      fs.unlink(...place(path));
      fs.append(node, data);
      fs.close(node);
    },
    identity: () => String(fs.resolve(directory)),
  };
}
