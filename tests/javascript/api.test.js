// Another language's test suite: nodemailer sends, the HTTP API tells what came of it. Nothing here sleeps.
"use strict";
const assert = require("node:assert/strict");
const fs = require("node:fs");
const net = require("node:net");
const readline = require("node:readline");
const { after, before, describe, test } = require("node:test");
const { Refused, start } = require("./gateway.js");

let gateway;
let corners = 0;

before(async () => {
  gateway = await start();
});
after(async () => {
  assert.equal(await gateway.stop(), 0);
});

/** A test with a namespace of its own, which ends with it. */
function inCorner(name, body) {
  test(name, async () => {
    const corner = gateway.namespace(`js-${process.pid}-${(corners += 1)}`);
    try {
      await body(corner);
    } finally {
      await corner.end();
    }
  });
}

describe("what arrived", () => {
  inCorner("is waited for, whether it is there already or not", async (corner) => {
    const to = corner.address("alice");
    const early = corner.wait({ to, timeout: 20 });
    await corner.send({ to, subject: "Welcome" });
    const [message] = await early;
    assert.equal(message.subject, "Welcome");
    assert.equal(message.sender, "app@example.test");
    assert.deepEqual(message.recipients, [to]);
    assert.deepEqual(await corner.wait({ to, subject: "Welc", timeout: 20 }), [message]);
  });

  inCorner("is found by all that can be asked for", async (corner) => {
    const to = corner.address("alice");
    const headers = { "X-Campaign": "spring sale" };
    await corner.send({ to, subject: "Grüße 7", text: "Nummer 7\n", headers });
    await corner.send({ to, subject: "Grüße 8", text: "Nummer 8\n" });
    const fit = async (query) => (await corner.messages(query)).map(({ subject }) => subject);
    assert.deepEqual(await fit({}), ["Grüße 7", "Grüße 8"]);
    assert.deepEqual(await fit({ from: "app@example.test", body: "Nummer 8" }), ["Grüße 8"]);
    assert.deepEqual(await fit({ subject_pattern: "^Grüße [0-7]$" }), ["Grüße 7"]);
    assert.deepEqual(await fit({ header: ["X-Campaign: spring", `To: ${to}`] }), ["Grüße 7"]);
    assert.deepEqual(await fit({ to: corner.address("bob") }), []);
    assert.equal((await corner.wait({ to, count: 2, timeout: 20 })).length, 2);
  });

  inCorner("has parts, attachments, links and a code", async (corner) => {
    const to = corner.address("alice");
    const pdf = Buffer.from(Array.from({ length: 5000 }, (_, at) => at % 256));
    await corner.send({
      to,
      subject: "Your code",
      text: "Your code is 123456: https://example.test/c/1\n",
      html: '<p>Your code is <b>123456</b>. <a href="https://example.test/c/1">Here</a>',
      attachments: [
        { filename: "Rechnung Nr. 1.pdf", content: pdf, contentType: "application/pdf" },
        { filename: "logo.png", content: Buffer.from("not quite"), cid: "logo@example.test" },
      ],
    });
    const [{ id }] = await corner.wait({ to, timeout: 20 });
    const message = await corner.message({ id });
    assert.match(message.text, /^Your code is 123456/);
    assert.match(message.html, /<b>123456<\/b>/);
    assert.equal(message.otp, "123456");
    assert.deepEqual(message.links, ["https://example.test/c/1"]);
    assert.ok(message.headers.some(([name, value]) => name === "Subject" && value === "Your code"));
    const found = message.attachments.find(({ filename }) => filename === "Rechnung Nr. 1.pdf");
    assert.equal(found.content_type, "application/pdf");
    assert.equal(found.octets, pdf.length);
    const answer = await corner.fetch(`/messages/${id}/attachments/${found.number}`);
    assert.equal(answer.headers.get("Content-Type"), "application/pdf");
    assert.deepEqual(Buffer.from(await answer.arrayBuffer()), pdf);
  });

  inCorner("can be had as it is", async (corner) => {
    const to = corner.address("alice");
    await corner.send({ to, subject: "As it is", text: ".\n..\nend\n", textEncoding: "7bit" });
    const [{ id }] = await corner.wait({ to, timeout: 20 });
    const answer = await corner.fetch(`/messages/${id}/raw`);
    const text = (await answer.text()).replaceAll("\r\n", "\n");
    assert.equal(answer.headers.get("Content-Type"), "message/rfc822");
    assert.match(text, /^Return-Path: <app@example\.test>\n/);
    assert.ok(text.endsWith("\n\n.\n..\nend\n"), text);
  });

  inCorner("and what did not: 408 tells what came instead", async (corner) => {
    const to = corner.address("alice");
    await corner.send({ to, subject: "Something else" });
    await assert.rejects(corner.wait({ to, subject: "Welcome", timeout: 0.2 }), (error) => {
      assert.ok(error instanceof Refused);
      assert.equal(error.status, 408);
      assert.equal(error.kind, "timeout");
      assert.deepEqual(
        error.arrived.map(({ subject }) => subject),
        ["Something else"],
      );
      assert.ok(JSON.stringify(error.conversations).includes(to));
      return true;
    });
  });

  inCorner("is put there without SMTP", async (corner) => {
    const to = corner.address("alice");
    const content = "Subject: From a file\r\n\r\nHello.\r\n";
    await corner.json("/messages", { method: "POST", query: { to }, content });
    const [{ id }] = await corner.wait({ to, timeout: 20 });
    assert.equal((await corner.message({ id })).text.trim(), "Hello.");
    const places = gateway.places.ports.pop3;
    const said = await dialogue(places, [`USER ${to}`, "PASS any", "STAT", "QUIT"]);
    assert.match(said[2], /^\+OK 1 /);
  });
});

describe("corners", () => {
  inCorner("do not see each other, and clearing one touches no other", async (corner) => {
    const other = gateway.namespace(`${corner.name}-other`);
    for (const one of [corner, other]) await one.send({ to: one.address("alice"), subject: one.name });
    await assert.rejects(corner.wait({ to: other.address("alice"), timeout: 0 }), { status: 400 });
    assert.deepEqual(await corner.json("/messages", { method: "DELETE" }), { cleared: 1 });
    assert.deepEqual(await corner.messages(), []);
    assert.equal((await other.messages()).length, 1);
    await other.end();
    assert.deepEqual(await other.messages(), []);
  });

  test("are for tests in parallel", async () => {
    const many = Array.from({ length: 40 }, (_, number) => gateway.namespace(`js-${process.pid}-many-${number}`));
    await Promise.all(
      many.map(async (corner) => {
        const to = corner.address("alice");
        const waiting = corner.wait({ to, timeout: 60 });
        await corner.send({ to, subject: corner.name });
        const found = [...(await waiting), ...(await corner.messages())];
        assert.deepEqual(
          found.map(({ subject }) => subject),
          [corner.name, corner.name],
        );
        await corner.end();
      }),
    );
  });

  inCorner("one message is removed", async (corner) => {
    const to = corner.address("alice");
    await corner.send({ to, subject: "One" });
    await corner.send({ to, subject: "Two" });
    const [{ id }] = await corner.messages();
    await corner.fetch(`/messages/${id}`, { method: "DELETE" });
    assert.deepEqual(
      (await corner.messages()).map(({ subject }) => subject),
      ["Two"],
    );
  });
});

describe("what goes wrong on demand", () => {
  inCorner("so often, by a rule", async (corner) => {
    const to = corner.address("carol");
    const { id } = await corner.fault({ protocol: "smtp", at: "rcpt", to, reply: "451 4.3.0 Try later", times: 2 });
    for (const _ of [1, 2]) {
      await assert.rejects(corner.send({ to }), ({ responseCode, response }) => {
        assert.equal(responseCode, 451);
        return response.includes("451 4.3.0 Try later");
      });
    }
    await corner.send({ to, subject: "The third time" });
    await corner.wait({ to, subject: "The third time", timeout: 20 });
    const { faults } = await corner.json("/faults");
    assert.equal(faults[0].id, id);
    await corner.fetch(`/faults/${id}`, { method: "DELETE" });
    assert.deepEqual(await corner.json("/faults"), { faults: [] });
  });

  inCorner("by the address itself", async (corner) => {
    await assert.rejects(corner.send({ to: corner.address("rcpt-450.alice") }), { responseCode: 450 });
    const to = corner.address("dot-451x1.alice");
    await assert.rejects(corner.send({ to }), { responseCode: 451 });
    assert.deepEqual(await corner.messages(), []);
    await corner.send({ to });
    assert.equal((await corner.messages()).length, 1);
  });

  inCorner("in POP3", async (corner) => {
    const user = corner.address("dave");
    await corner.fault({ protocol: "pop3", at: "login", user, reply: "-ERR [IN-USE] locked", times: 1 });
    const commands = [`USER ${user}`, "PASS any", "QUIT"];
    assert.equal((await dialogue(gateway.places.ports.pop3, commands))[1], "-ERR [IN-USE] locked");
    assert.match((await dialogue(gateway.places.ports.pop3, commands))[1], /^\+OK/);
  });

  inCorner("is refused where it would strike others", async (corner) => {
    await assert.rejects(corner.fault({ protocol: "smtp", at: "connect", drop: true }), ({ status, message }) => {
      assert.match(message, /listener/);
      return status === 400;
    });
  });

  inCorner("at a listener of one's own", async (corner) => {
    const personality = { hide: ["STARTTLS"], size: 1000, greeting: "old.example.test" };
    const faults = [{ at: "connect", reply: "421 4.3.2 Not now", times: 1 }];
    const place = await corner.json("/listeners", { method: "POST", json: { protocol: "smtp", personality, faults } });
    assert.deepEqual(await dialogue(place, []), ["421 4.3.2 Not now"]);
    const said = await dialogue(place, ["EHLO a.example.test", "QUIT"]);
    assert.match(said[0], /^220 .*old\.example\.test/);
    assert.ok(said.includes("250-SIZE 1000") || said.includes("250 SIZE 1000"), said.join("\n"));
    assert.ok(!said.some((line) => line.includes("STARTTLS")));
    const to = corner.address("alice");
    await corner.send({ to }, place);
    await assert.rejects(corner.send({ to, text: "x".repeat(2000) }, place), { responseCode: 552 });
    await assert.rejects(corner.send({ to }, place, { requireTLS: true, ignoreTLS: false }), { code: "ETLS" });
    await corner.fetch(`/listeners/${place.id}`, { method: "DELETE" });
    await assert.rejects(corner.send({ to }, place), { code: "ESOCKET" });
  });
});

describe("TLS and passwords", () => {
  inCorner("by the certificate that it names", async (corner) => {
    const tls = { ca: fs.readFileSync(gateway.places.ca_file), servername: "localhost" };
    const user = corner.address("erin");
    const to = corner.address("frank");
    const json = { password: "right" };
    await corner.fetch(`/passwords/${user}`, { method: "PUT", json });
    const login = (pass) => ({ secure: true, tls, auth: { user, pass } });
    await assert.rejects(corner.send({ from: user, to }, "submissions", login("wrong")), { responseCode: 535 });
    await corner.send({ from: user, to }, "submissions", login("right"));
    const [message] = await corner.wait({ to, timeout: 20 });
    assert.equal(message.user, user);
    assert.ok(message.tls);
    await corner.send({ to }, "smtp", { requireTLS: true, ignoreTLS: false, tls });
    await assert.rejects(corner.send({ to }, "smtp", { requireTLS: true, ignoreTLS: false }), { code: "ESOCKET" });
  });
});

test("a mistake is told", async () => {
  await assert.rejects(gateway.fetch("/wait", { query: { too: "alice@example.test" } }), ({ status, message }) => {
    assert.match(message, /too/);
    return status === 400;
  });
  await assert.rejects(gateway.fetch("/messages/nothing"), { status: 404 });
  assert.deepEqual(await (await gateway.fetch("/ports")).json(), gateway.places);
});

/** What a server says, line by line: its greeting, and to each command; all replies but EHLO's and CAPA's are a line. */
async function dialogue({ host, port }, commands) {
  const socket = net.connect(port, host);
  const said = [];
  const waiting = [...commands];
  for await (const line of readline.createInterface({ input: socket })) {
    said.push(line);
    if (/^\d{3}-/.test(line)) continue;
    const next = waiting.shift();
    if (next === undefined) socket.end();
    else socket.write(`${next}\r\n`);
  }
  const isPop3 = said[0].startsWith("+OK");
  return isPop3 ? said.slice(1) : said;
}
