// What `make extension` makes.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const here = new URL(".", import.meta.url);

function make(...more) {
  const target = mkdtempSync(join(tmpdir(), "extension-"));
  execFileSync(process.env.PYTHON ?? "python3", [new URL("../make.py", here).pathname, target, ...more], { stdio: "pipe" });
  return target;
}

const manifest = (target, folder = "extension") => JSON.parse(readFileSync(join(target, folder, "manifest.json"), "utf8"));

test("the same files give the same bytes", () => {
  const [one, other] = [make(), make()].map((target) => readFileSync(join(target, "tessera-extension.zip")));
  assert.ok(one.equals(other));
});

test("it may talk to the wallet server alone, and look at nothing unasked", () => {
  const made = manifest(make("--wallet", "https://wallet.example"));
  assert.deepEqual(made.host_permissions, ["https://wallet.example/*"]);
  assert.match(made.content_security_policy.extension_pages, /connect-src https:\/\/wallet\.example;/);
  assert.deepEqual(made.permissions, ["activeTab", "scripting", "storage"]);
  assert.ok(made.optional_host_permissions.every((pattern) => pattern.startsWith("https:") || /localhost|127\.0\.0\.1/.test(pattern)));
  for (const key of ["content_scripts", "background", "web_accessible_resources", "externally_connectable"]) assert.equal(made[key], undefined);
});

test("its version is the workspace's", () => {
  const cargo = readFileSync(new URL("../../../Cargo.toml", here), "utf8");
  assert.equal(manifest(make()).version, /\[workspace\.package\]\nversion = "([\d.]+)/.exec(cargo)[1]);
});

test("only a build for a test lets its popup get the id of its tab", () => {
  const constants = (target, folder) => readFileSync(join(target, folder, "build.js"), "utf8");
  assert.match(constants(make(), "extension"), /TEST = false/);
  assert.match(constants(make("--test", "http://127.0.0.1"), "extension-test"), /TEST = true/);
});

test("what is no origin is refused", () => {
  for (const wallet of ["wallet.example", "https://wallet.example/path", "https://a; script-src *"]) assert.throws(() => make("--wallet", wallet));
});

test("a wallet server that is elsewhere has an encrypted address", () => {
  for (const wallet of ["http://wallet.example", "http://localhost.example:8080"]) assert.throws(() => make("--wallet", wallet), /in the clear/);
  for (const wallet of ["http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080", "https://wallet.example:8443"]) make("--wallet", wallet);
});
