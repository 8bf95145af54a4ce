"""A mail server on aiosmtpd. Says `ready PORT`, then a line of JSON for every message that it has taken over, and one for
every connection.

    mail_server.py starttls|implicit|plain [--cert CERT --key KEY] [--user USER --password PASSWORD]

It listens on TESSERA_PEER_PORT, or on any port. What stands before the @ of the receiver says what it does:

    busy       451 to RCPT               full       452 after the text, the first time
    unknown    550 to RCPT               refused    554 after the text
    dies       cuts the line in the middle of the text
    closing    takes the message and closes the connection behind it
"""

import argparse
import asyncio
import email
import email.policy
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


def say(event):
    print(json.dumps(event), flush=True)


class Handler:
    def __init__(self):
        self.seen = {}

    async def handle_RCPT(self, server, session, envelope, address, options):
        match address.split("@")[0]:
            case "busy":
                return f"451 4.3.2 {address} has too much to do"
            case "unknown":
                return f"550 5.1.1 {address} is not known here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        receiver = envelope.rcpt_tos[0].split("@")[0]
        self.seen[receiver] = self.seen.get(receiver, 0) + 1
        if receiver == "full" and self.seen[receiver] == 1:
            return "452 4.2.2 full"
        if receiver == "refused":
            return "554 5.7.1 not this text"
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        say(
            {
                "event": "message",
                "tls": session.ssl is not None or server.transport.get_extra_info("ssl_object") is not None,
                "user": session.auth_data.login.decode() if session.auth_data else None,
                "from": envelope.mail_from,
                "to": envelope.rcpt_tos,
                "headers": {name: str(value) for name, value in message.items()},
                "text": message.get_body(("plain",)).get_content(),
                "html": message.get_body(("html",)).get_content(),
            }
        )
        if receiver == "closing":
            asyncio.get_running_loop().call_later(0.05, server.transport.close)
        return "250 OK"


class Server(SMTP):
    """Says when somebody connects, and exits on request."""

    def connection_made(self, transport):
        if self.session is None:
            say({"event": "connected"})
        super().connection_made(transport)

    async def smtp_DATA(self, argument):
        if self.envelope.rcpt_tos and self.envelope.rcpt_tos[0].startswith("dies@"):
            await self.push("354 go on")
            await self._reader.readline()
            self.transport.abort()
            return
        await super().smtp_DATA(argument)


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tls", choices=["starttls", "implicit", "plain"])
    for name in ["--cert", "--key", "--user", "--password"]:
        parser.add_argument(name)
    given = parser.parse_args()
    context = None
    if given.tls != "plain":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(given.cert, given.key)

    def authenticate(server, session, envelope, mechanism, data):
        right = isinstance(data, LoginPassword) and (
            data.login.decode(),
            data.password.decode(),
        ) == (given.user, given.password)
        return AuthResult(success=right, handled=False, auth_data=data if right else None)

    handler = Handler()
    starttls = given.tls == "starttls"

    def protocol():
        return Server(
            handler,
            hostname="localhost",
            tls_context=context if starttls else None,
            require_starttls=starttls,
            authenticator=authenticate if given.user else None,
            auth_required=given.user is not None,
            auth_require_tls=given.tls != "implicit" and given.tls != "plain",
        )

    server = await asyncio.get_running_loop().create_server(
        protocol, "127.0.0.1", int(os.environ.get("TESSERA_PEER_PORT", 0)), ssl=context if given.tls == "implicit" else None
    )
    print("ready", server.sockets[0].getsockname()[1], flush=True)
    # The process that started it holds its standard input; its end means that the process has ended.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
