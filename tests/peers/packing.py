"""The specifications in clients/packing: that of pyiso8583 packs and reads the golden messages; those of moov-io/iso8583 and
jPOS, which are not on this machine, have the form and the names that these libraries read, and pack the same here.
"""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import iso8583

TOP = Path(__file__).parents[2]
PACKING = TOP / "clients/packing"
GOOD = json.loads((TOP / "protocol/tests/vectors.json").read_text())["good"]


def mac_field(vector):
    return "128" if any(int(field) > 64 for field in vector["fields"]) else "64"


def with_mac(vector):
    """All fields, the MAC as the golden message has it."""
    mac = {mac_field(vector): vector["hex"][-16:]} if vector["mac_key"] else {}
    return {**vector["fields"], **mac}


def pyiso8583():
    spec = json.loads((PACKING / "pyiso8583.json").read_text())
    assert list(spec)[:4] == ["h", "t", "p", "1"] and list(spec)[4:] == [str(field) for field in range(2, 129)]
    for vector in GOOD:
        fields = {"t": vector["mti"], **with_mac(vector)}
        for field, value in fields.items():
            if field in ("28", "29", "30", "31", "97"):
                # A sign before digits is bytes to this library.
                fields[field] = value[0].encode().hex() + value[1:]
            elif field == "35":
                fields[field] = value.replace("=", "D")
            elif field != "t" and spec[field]["data_enc"] == "latin-1" and spec[field]["len_type"] == 0:
                fields[field] = value.ljust(spec[field]["max_len"])
        encoded, _ = iso8583.encode(dict(fields), spec)
        assert encoded.hex() == vector["hex"], vector["name"]
        decoded, _ = iso8583.decode(encoded, spec)
        found = {field: value for field, value in decoded.items() if field not in ("h", "p", "1")}
        same = {field: value.upper() for field, value in fields.items()}
        assert {field: value.upper() for field, value in found.items()} == same, vector["name"]


# What moov's builder knows: `specs/builder.go`.
MOOV_TYPES = {"String", "Binary", "Bitmap"}
MOOV_ENCODINGS = {"BCD", "LBCD", "ASCII", "Binary"}
MOOV_PREFIXES = {"BCD.Fixed": 0, "ASCII.Fixed": 0, "Binary.Fixed": 0, "BCD.LL": 1, "BCD.LLL": 2}


def moov():
    spec = json.loads((PACKING / "moov.json").read_text())
    rows = spec["fields"]
    # 35 has no encoding there; 65 is never sent.
    assert set(rows) == {str(field) for field in range(129)} - {"35", "65"}
    for field, row in rows.items():
        assert row["type"] in MOOV_TYPES and row["enc"] in MOOV_ENCODINGS and row["prefix"] in MOOV_PREFIXES, field
        assert set(row) - {"padding"} == {"type", "length", "description", "enc", "prefix"}, field

    def pack(field, value):
        row = rows[field]
        if "padding" in row:
            value = value.ljust(row["length"], row["padding"]["pad"])
        if field in ("28", "97"):
            body = value[:1].encode() + bytes.fromhex(value[1:])
        elif row["enc"] == "BCD":
            body = bytes.fromhex("0" * (len(value) % 2) + value)
        elif row["enc"] == "LBCD":
            body = bytes.fromhex(value + "0" * (len(value) % 2))
        else:
            body = value.encode("ascii") if row["enc"] == "ASCII" else bytes.fromhex(value)
        count = len(body) if row["type"] == "Binary" else len(value)
        assert count == row["length"] or MOOV_PREFIXES[row["prefix"]] and count < row["length"], (field, value)
        return length_of(count, MOOV_PREFIXES[row["prefix"]]) + body

    packs_the_golden_messages(pack, [vector for vector in GOOD if "35" not in vector["fields"]])


JPOS_CLASSES = {
    "IFB_NUMERIC": 0, "IFB_AMOUNT": 0, "IF_CHAR": 0, "IFB_BINARY": 0, "IFB_BITMAP": 0, "IFB_LLNUM": 1, "IFB_LLCHAR": 1,
    "IFB_LLLCHAR": 2, "IFB_LLLBINARY": 2,
}


def jpos():
    rows = {row.get("id"): row for row in ElementTree.parse(PACKING / "jpos.xml").getroot()}
    assert list(rows) == [str(field) for field in range(129)]

    def pack(field, value):
        row = rows[field]
        package, _, name = row.get("class").rpartition(".")
        assert package == "org.jpos.iso" and row.get("name"), field
        length, pad = int(row.get("length")), row.get("pad")
        if name in ("IFB_NUMERIC", "IFB_LLNUM"):
            odd = "0" * (len(value) % 2)
            digits = value.replace("=", "D")
            body, count = bytes.fromhex(odd + digits if pad == "true" else digits + odd), len(value)
        elif name == "IFB_AMOUNT":
            body, count = value[:1].encode() + bytes.fromhex(value[1:]), len(value)
        elif name in ("IFB_BINARY", "IFB_LLLBINARY"):
            body, count = bytes.fromhex(value), len(value) // 2
        else:
            body = value.encode("latin-1")
            body = body.ljust(length) if name == "IF_CHAR" else body
            count = len(body)
        assert count == length or JPOS_CLASSES[name] and count < length, (field, value)
        return length_of(count, JPOS_CLASSES[name]) + body

    packs_the_golden_messages(pack, GOOD)


def length_of(count, width):
    return bytes.fromhex(f"{count:0{2 * width}}") if width else b""


def packs_the_golden_messages(pack, vectors):
    assert len(vectors) > 10
    for vector in vectors:
        fields = {int(field): value for field, value in with_mac(vector).items()}
        has_more = any(field > 64 for field in fields)
        bits = sum(1 << 128 - field for field in [*fields, *([1] if has_more else [])])
        packed = pack("0", vector["mti"]) + bits.to_bytes(16, "big")[:16 if has_more else 8]
        packed += b"".join(pack(str(field), fields[field]) for field in sorted(fields))
        assert packed.hex() == vector["hex"], vector["name"]


if __name__ == "__main__":
    pyiso8583()
    moov()
    jpos()
    print("the specifications pack the golden messages")
