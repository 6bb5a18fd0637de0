// npm's smtp-server with a few lines that write a Maildir: tmp, fsync, rename, fsync of the directory.
// Arguments: port, directory of the maildrops, certificate, key.
'use strict';
const fs = require('fs');
const path = require('path');
const { SMTPServer } = require('smtp-server');
const [port, mail, certificate, key] = process.argv.slice(2);
const open = new Map(); // maildrop -> a promise of its directory, open to be synced
let count = 0;

function maildrop(home) {
  if (!open.has(home)) {
    open.set(home, (async () => {
      for (const folder of ['tmp', 'new', 'cur']) await fs.promises.mkdir(path.join(home, folder), { recursive: true });
      return fs.promises.open(path.join(home, 'new'), 'r');
    })());
  }
  return open.get(home);
}

async function deliver(address, content) {
  const [user, domain] = address.split('@');
  const home = path.join(mail, domain, user);
  const folder = await maildrop(home);
  const name = `${Date.now()}.${process.pid}_${count++}.bench`;
  const file = await fs.promises.open(path.join(home, 'tmp', name), 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await fs.promises.rename(path.join(home, 'tmp', name), path.join(home, 'new', name));
  await folder.sync();
}

const server = new SMTPServer({
  authOptional: true,
  disableReverseLookup: true, // it would ask DNS about every connection
  size: 32 * 1024 * 1024,
  key: fs.readFileSync(key),
  cert: fs.readFileSync(certificate),
  onData(stream, session, done) {
    const blocks = [];
    stream.on('data', block => blocks.push(block));
    stream.on('error', done);
    stream.on('end', () => {
      const content = Buffer.concat(blocks);
      const copies = session.envelope.rcptTo.map(recipient => deliver(recipient.address, content));
      Promise.all(copies).then(() => done(), done);
    });
  },
});
server.on('error', () => {}); // a client that is gone; one that was hurt by it tells
server.listen(Number(port), '127.0.0.1');
