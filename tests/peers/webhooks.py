"""Verifies a webhook with the library of Standard Webhooks, and with the client to copy: JSON on the standard input has the secret,
the headers and the body. What was changed on its way must be refused."""

import json
import sys
from pathlib import Path

from standardwebhooks import Webhook, WebhookVerificationError

sys.path.insert(0, str(Path(__file__).parents[2] / "clients/python"))
from tessera_mall import WebhookError, verify_webhook

given = json.load(sys.stdin)
secret, headers, body = given["secret"], given["headers"], given["body"]
event = Webhook(secret).verify(body, headers)
assert event == json.loads(body) == verify_webhook(secret, headers, body.encode())
for verify, error in (
    (lambda text: Webhook(secret).verify(text, headers), WebhookVerificationError),
    (lambda text: verify_webhook(secret, headers, text.encode()), WebhookError),
):
    try:
        verify(body.replace("approved", "refunded"))
    except error:
        continue
    raise AssertionError("a changed event was taken")
