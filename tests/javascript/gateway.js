// A gateway of its own for a file of tests, and its HTTP API.
"use strict";
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const readline = require("node:readline");
const nodemailer = require("nodemailer");

const MAILGATE = process.env.MAILGATE ?? "mailgate";

/** What the API answered instead of a result: its status, and all that `error` has. */
class Refused extends Error {
  constructor(status, error) {
    super(error.message);
    Object.assign(this, { status, ...error });
  }
}

/** A running `mailgate dev`, as another process sees it. */
class Gateway {
  constructor(child, places) {
    this.child = child;
    this.places = places;
    this.url = `http://${places.ports.http.host}:${places.ports.http.port}/api/v1`;
  }

  /** A corner that no other test sees. */
  namespace(name) {
    return new Namespace(this, name);
  }

  /** Call the API; give what `fetch` gives. Throws Refused. */
  async fetch(path, { method = "GET", query = {}, json, content } = {}) {
    const options = { method };
    if (json !== undefined) {
      options.headers = { "Content-Type": "application/json" };
      options.body = JSON.stringify(json);
    } else if (content !== undefined) {
      options.headers = { "Content-Type": "message/rfc822" };
      options.body = content;
    }
    const answer = await fetch(`${this.url}${path}?${pairs(query)}`, options);
    if (!answer.ok) throw new Refused(answer.status, (await answer.json()).error);
    return answer;
  }

  /** End it, as the end of this process would; give its exit status. */
  async stop() {
    this.child.stdin.end();
    const [status] = await once(this.child, "exit");
    return status;
  }
}

/** One test's corner. */
class Namespace {
  constructor(gateway, name) {
    this.gateway = gateway;
    this.name = name;
  }

  address(local) {
    return `${local}@${this.name}.example.test`;
  }

  /** What nodemailer sends with: at a port by its name, or by host and port. */
  transport(port = "smtp", options = {}) {
    const { host, port: number } = typeof port === "string" ? this.gateway.places.ports[port] : port;
    return nodemailer.createTransport({ host, port: number, secure: false, ignoreTLS: true, ...options });
  }

  send(mail, ...rest) {
    return this.transport(...rest).sendMail({ from: "app@example.test", text: "Hello.\n", ...mail });
  }

  async json(path, options = {}) {
    return (await this.fetch(path, options)).json();
  }

  fetch(path, { query = {}, ...options } = {}) {
    return this.gateway.fetch(path, { ...options, query: { namespace: this.name, ...query } });
  }

  async wait(query) {
    return (await this.json("/wait", { query })).messages;
  }

  async messages(query = {}) {
    return (await this.json("/messages", { query })).messages;
  }

  message({ id }) {
    return this.json(`/messages/${id}`);
  }

  fault(json) {
    return this.json("/faults", { method: "POST", json });
  }

  end() {
    return this.gateway.fetch(`/namespaces/${this.name}`, { method: "DELETE" });
  }
}

function pairs(query) {
  const found = Object.entries(query).flatMap(([name, value]) => [value].flat().map((one) => [name, String(one)]));
  return new URLSearchParams(found);
}

/** Start a gateway on free ports; it ends with this process at the latest. */
async function start(...options) {
  const child = spawn(MAILGATE, ["dev", "--port", "0", "--json", "--stdin-closes", ...options], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = readline.createInterface({ input: child.stdout });
  const line = await Promise.race([
    once(lines, "line").then(([first]) => first),
    once(child, "exit").then(([status]) => Promise.reject(new Error(`mailgate dev ended with status ${status}`))),
  ]);
  return new Gateway(child, JSON.parse(line));
}

module.exports = { Refused, start };
