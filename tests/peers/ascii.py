"""An independent witness of the ASCII packing: a client on pyiso8583 with its own default_ascii specification, four digits
of length in front, that signs on, buys, repeats, reverses and inquires.

    python ascii.py HOST:PORT
"""

import hmac
import socket
import sys

import iso8583
from iso8583.specs import default_ascii as SPEC

import buy
from buy import mac


class Switch(buy.Switch):
    """The same conversation in another dialect."""

    def exchange(self, request):
        field = "128" if any(key.isnumeric() and int(key) > 64 for key in request) else "64"
        request[field] = "0" * 16
        encoded, _ = iso8583.encode(request, SPEC)
        covered = bytes(encoded[:-16])
        message = covered + mac(covered).hex().upper().encode()
        self.socket.sendall(b"%04d" % len(message) + message)
        message = self.receive(int(self.receive(4)))
        answer, _ = iso8583.decode(message, SPEC)
        field = "128" if "1" in answer else "64"
        assert field in answer, f"an answer without a MAC: {answer}"
        sealed = mac(message[:-16]).hex().upper().encode()
        assert hmac.compare_digest(sealed, message[-16:]), f"an answer with a wrong MAC: {answer}"
        return answer


if __name__ == "__main__":
    buy.main(sys.argv[1], Switch)
