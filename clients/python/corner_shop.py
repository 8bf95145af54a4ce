"""A shop with one article, as docs/first-order.md builds it: a page, a server, and orders in SQLite.

    python corner_shop.py --key FILE [--switch HOST:PORT] [--wallet URL] [--port PORT] [--data FILE]
"""

import argparse
import json
import secrets
import sqlite3
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tessera_mall import Mall, Unanswered

PAGE = """<!doctype html>
<meta charset="utf-8">
<title>Corner Shop</title>
<h1>Two cups, 19.99</h1>
<p>Order {order}: <strong id="state">{state}</strong></p>
<button id="pay">Pay with Tessera</button> <a href="/">A new order</a>
<script src="{wallet}/tessera.js"></script>
<script>
  const order = "{order}";
  const charge = () => fetch("/orders/" + order + "/charge", {{ method: "POST" }});
  document.getElementById("pay").addEventListener("click", async () => {{
    await Tessera.pay({{ mall: "CORNER-SHOP", order, amount: 1999, currency: "USD", onAgreed: charge }});
    location.href = "/orders/" + order; // the server knows the result
  }});
</script>
"""


class Orders:
    """Orders with their state (open, paying, paid, declined, undone) and the request with which to continue."""

    def __init__(self, path):
        self.database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.lock = threading.Lock()
        self.run("CREATE TABLE IF NOT EXISTS orders (number TEXT PRIMARY KEY, amount INTEGER, state TEXT, request TEXT)")

    def run(self, statement, *values):
        with self.lock:
            cursor = self.database.execute(statement, values)
            return cursor.fetchall(), cursor.rowcount

    def place(self, amount):
        number = f"CS-{time.strftime('%y%m%d')}-{secrets.token_hex(4)}".upper()
        self.run("INSERT INTO orders VALUES (?, ?, 'open', NULL)", number, amount)
        return number

    def find(self, number):
        rows, _ = self.run("SELECT state, amount, request FROM orders WHERE number = ?", number)
        return rows[0] if rows else None

    def begin(self, number):
        """Whether the caller may charge the order: it is not being paid, and was not paid."""
        _, changed = self.run("UPDATE orders SET state = 'paying' WHERE number = ? AND state IN ('open', 'declined')", number)
        return changed == 1

    def keep(self, number, request):
        self.run("UPDATE orders SET request = ? WHERE number = ?", json.dumps(request), number)

    def finish(self, number, state):
        self.run("UPDATE orders SET state = ?, request = NULL WHERE number = ?", state, number)

    def unfinished(self):
        return [number for number, in self.run("SELECT number FROM orders WHERE state = 'paying'")[0]]


class Shop:
    def __init__(self, mall, orders):
        self.mall, self.orders = mall, orders
        self.lock, self.at_work = threading.Lock(), set()

    def charge(self, number):
        """Charges an order that the payer has agreed to. What the browser sends decides nothing but when."""
        if self.orders.begin(number):
            self.carry_on(number)
        return self.orders.find(number)[0]

    def carry_on(self, number):
        with self.lock:
            if number in self.at_work:
                return
            self.at_work.add(number)
        try:
            state, amount, request = self.orders.find(number)
            if state == "paying":
                purchase = json.loads(request) if request else self.mall.purchase(number, amount, "Two cups")
                outcome, _ = self.mall.pay(purchase, lambda kept: self.orders.keep(number, kept))
                self.orders.finish(number, outcome)
        except (Unanswered, OSError) as error:
            # The order stays `paying`, with the request that was kept: `settle` continues with it.
            print(f"order {number}: {error}", flush=True)
        finally:
            self.at_work.discard(number)

    def settle(self):
        """Brings the orders to their end whose charge was interrupted by a crash, or by a switch that did not answer."""
        while True:
            for number in self.orders.unfinished():
                self.carry_on(number)
            time.sleep(10)


def handler(shop, wallet):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/":
                return self.reply(303, "", [("Location", "/orders/" + shop.orders.place(1999))])
            number = self.path.removeprefix("/orders/")
            found = shop.orders.find(number)
            if found is None:
                return self.reply(404, "no such order")
            self.reply(200, PAGE.format(order=number, state=found[0], wallet=wallet))

        def do_POST(self):
            number = self.path.removeprefix("/orders/").removesuffix("/charge")
            if not self.path.endswith("/charge") or shop.orders.find(number) is None:
                return self.reply(404, "no such order")
            self.reply(200, shop.charge(number))

        def reply(self, status, text, headers=()):
            body = text.encode()
            self.send_response(status)
            for name, value in [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body))), *headers]:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler


def main():
    parser = argparse.ArgumentParser(description="A shop with one article")
    parser.add_argument("--key", required=True, help="the file with the MAC key, as `tessera keys make` writes it")
    parser.add_argument("--switch", default="127.0.0.1:8583", help="addresses of the switch, with commas between them")
    parser.add_argument("--wallet", default="http://localhost:8080", help="origin of the wallet server")
    parser.add_argument("--port", type=int, default=8086)
    parser.add_argument("--data", default="corner_shop.db")
    options = parser.parse_args()
    key = Path(options.key).read_text().strip()
    mall = Mall(options.switch.split(","), party="10000000007", acceptor="CORNER-SHOP", terminal="CORNER01", key=key)
    shop = Shop(mall, Orders(options.data))
    server = ThreadingHTTPServer(("127.0.0.1", options.port), handler(shop, options.wallet))
    threading.Thread(target=shop.settle, daemon=True).start()
    print(f"ready http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
