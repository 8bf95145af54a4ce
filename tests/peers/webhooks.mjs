// Verifies a webhook with the library of Standard Webhooks, and with the client to copy: JSON on the standard input has the
// secret, the headers and the body. What was changed on its way must be refused.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

import { verifyWebhook, WebhookError } from "../../clients/javascript/tessera-mall.js";

const { secret, headers, body } = JSON.parse(readFileSync(0, "utf8"));
const library = new Webhook(secret);
const event = JSON.parse(body);
assert.deepEqual(library.verify(body, headers), event);
assert.deepEqual(verifyWebhook(secret, headers, body), event);
const changed = body.replace("approved", "refunded");
assert.throws(() => library.verify(changed, headers), WebhookVerificationError);
assert.throws(() => verifyWebhook(secret, headers, changed), WebhookError);
