import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataDirectory, StartupError } from './index.js';

const mode = (path: string) => statSync(path).mode & 0o777;

describe('DataDirectory', () => {
  let parent: string;
  let path: string;
  let directory: DataDirectory;

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'carillon-data-'));
    path = join(parent, 'deep', 'data');
    directory = new DataDirectory(path);
  });

  afterEach(() => rmSync(parent, { recursive: true }));

  describe('prepare', () => {
    it('makes the directory for its owner alone and leaves nothing but the lock in it', async () => {
      await directory.prepare();
      expect(mode(path)).toBe(0o700);
      expect(readdirSync(path)).toEqual(['lock']);
    });

    it.each(['', '/below'])('refuses a path that is a file%s', async (below) => {
      writeFileSync(join(parent, 'file'), '');
      const preparation = new DataDirectory(join(parent, `file${below}`)).prepare();
      await expect(preparation).rejects.toThrow(StartupError);
      await expect(preparation).rejects.toThrow(
        /^the data directory .*file.* cannot be used \(E\w+ at .*\): .*set CARILLON_DATA_DIR/,
      );
    });
  });

  it('refuses a place where nothing can be made', async () => {
    await expect(new DataDirectory('/proc/deep/data').prepare()).rejects.toThrow(StartupError);
  });

  describe('lock', () => {
    const lockedBy = async (text: string) => {
      await directory.prepare({ exclusive: false });
      writeFileSync(join(path, 'lock'), text);
      return directory.prepare();
    };
    const startTime = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[21];
    const stateOf = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2];

    it('is refused while another process lives that holds it', async () => {
      const holder = process.ppid;
      await expect(lockedBy(`${holder} ${startTime(holder)}\n`)).rejects.toThrow(
        `the data directory ${path} is in use by process ${holder}: stop that process or set CARILLON_DATA_DIR`,
      );
    });

    it('is taken over from a process that is dead', async () => {
      const child = spawn('true');
      await once(child, 'exit');
      await lockedBy(`${child.pid} 1\n`);
      expect(readFileSync(join(path, 'lock'), 'utf8')).toContain(String(process.pid));
    });

    it("is taken over when another process has got the holder's number since", async () => {
      await expect(lockedBy(`${process.ppid} 1\n`)).resolves.toBeUndefined();
    });

    it('is taken over from a zombie', async () => {
      // The shell's child ends after the shell has become another sleep, which never waits for it.
      const shell = spawn('sh', ['-c', 'sleep 0.5 & echo $!; exec sleep 60'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const [pid] = (await once(shell.stdout, 'data')).map(Number);
      const started = startTime(pid!);
      while (stateOf(pid!) !== 'Z') await new Promise((resolve) => setTimeout(resolve, 20));
      await expect(lockedBy(`${pid} ${started}\n`)).resolves.toBeUndefined();
      shell.kill('SIGKILL');
    });

    it.each(['', 'nonsense', '-1 0'])('is taken over when it reads %j', async (text) => {
      await expect(lockedBy(text)).resolves.toBeUndefined();
    });

    it('is free again after release', async () => {
      await directory.prepare();
      await directory.release();
      expect(existsSync(join(path, 'lock'))).toBe(false);
    });

    it("leaves another's lock alone on release", async () => {
      await directory.prepare();
      writeFileSync(join(path, 'lock'), '1 1\n');
      await directory.release();
      expect(existsSync(join(path, 'lock'))).toBe(true);
    });
  });

  describe('adminKey', () => {
    beforeEach(() => directory.prepare());

    it('is made once, readable by its owner alone', async () => {
      const file = join(path, 'admin-key');
      expect(await directory.adminKey(() => 'first')).toEqual({ key: 'first', created: true, path: file });
      expect(await directory.adminKey(() => 'second')).toEqual({ key: 'first', created: false, path: file });
      expect(mode(file)).toBe(0o600);
    });

    it('is one key when many ask at once', async () => {
      const asked = Array.from({ length: 20 }, (_, index) => directory.adminKey(() => `key-${index}`));
      const answers = await Promise.all(asked);
      expect(new Set(answers.map(({ key }) => key)).size).toBe(1);
      expect(answers.filter(({ created }) => created)).toHaveLength(1);
    });

    it('is refused when its file is empty', async () => {
      writeFileSync(join(path, 'admin-key'), '\n');
      await expect(directory.adminKey(() => 'new')).rejects.toThrow(
        /admin-key is empty: put the admin key there/,
      );
    });
  });

  describe('certificates', () => {
    beforeEach(() => directory.prepare());

    it('are self-signed for the domain and this machine, for ten years', async () => {
      const { cert, keyPath } = await directory.certificates('push.example.com');
      const certificate = new X509Certificate(cert);
      const years = (Date.parse(certificate.validTo) - Date.now()) / (365.25 * 24 * 3600 * 1000);
      expect(certificate.subject).toBe('CN=push.example.com');
      expect(certificate.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' });
      expect(['push.example.com', 'localhost'].map((name) => certificate.checkHost(name))).not.toContain(
        undefined,
      );
      expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
      expect(Math.round(years)).toBe(10);
      expect(mode(keyPath)).toBe(0o600);
    });

    it('are one pair when several ask at once, and later', async () => {
      const pairs = await Promise.all([1, 2, 3].map(() => new DataDirectory(path).certificates('localhost')));
      expect(new Set(pairs.map(({ cert }) => cert)).size).toBe(1);
      expect(await directory.certificates('localhost')).toEqual(pairs[0]);
      expect(readdirSync(join(path, 'certificates'))).toEqual(['localhost']);
    });

    it('are refused when the key is of another certificate', async () => {
      const mine = await directory.certificates('localhost');
      const other = await directory.certificates('other');
      writeFileSync(mine.keyPath, other.key);
      await expect(directory.certificates('localhost')).rejects.toThrow(/put a matching pair there/);
    });
  });
});
