"""Records: what Koppi hashed of a message, read without Protobuf's libraries.

A record is a serialized koppi.exchange.v1.CaseMessage: a sequence of fields, each a tag (number and wire type) and a
value. contract.json beside this file names the fields of each message of the contract; a field, a value or an event type
that is not there, because it came with a later version of Koppi, is kept by its number.
"""

import base64
import datetime
import json
import pkgutil
import struct

CASE_MESSAGE = "koppi.exchange.v1.CaseMessage"
_ANY = "google.protobuf.Any"
_DEEPEST = 64


class Malformed(ValueError):
    """The bytes are no record."""


def _contract():
    return json.loads(pkgutil.get_data(__package__, "contract.json"))


_CONTRACT = _contract()
MESSAGES, ENUMS = _CONTRACT["messages"], _CONTRACT["enums"]


def _varint(data, at):
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Malformed("a number is cut off")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7


def fields(data):
    """Yields the fields of a serialized message: number, wire type, and the value as a number or as bytes."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if number == 0:
            raise Malformed("a field has no number")
        if wire == 0:
            value, at = _varint(data, at)
        elif wire in (1, 5, 2):
            size = {1: 8, 5: 4}.get(wire)
            if size is None:
                size, at = _varint(data, at)
            value, at = data[at : at + size], at + size
            if len(value) < size:
                raise Malformed("a field is cut off")
        else:
            raise Malformed("a field has an unknown form")
        yield number, wire, value


def decode(name, data, depth=0):
    """Returns a message as a dict by the names that JSON uses. What the contract does not name is in "unknown"."""
    if depth > _DEEPEST:
        raise Malformed("a message is nested too deeply")
    described, made = MESSAGES[name], {}
    for number, wire, value in fields(data):
        field = described.get(str(number))
        if field is None:
            made.setdefault("unknown", []).append({"number": number, "value": value if wire == 0 else _base64(value)})
            continue
        values = list(_values(field, wire, value, depth))
        if not values:
            continue
        if field.get("map"):
            made.setdefault(field["name"], {}).update({one.get("key", ""): one.get("value") for one in values})
        elif field.get("repeated"):
            made.setdefault(field["name"], []).extend(values)
        elif isinstance(values[-1], dict) and isinstance(made.get(field["name"]), dict):
            made[field["name"]].update(values[-1])
        else:
            made[field["name"]] = values[-1]
    return _well_known(name, made)


def _values(field, wire, value, depth):
    kind = field["type"]
    if kind == "message":
        if wire != 2:
            raise Malformed("a message is no message")
        yield decode(field["of"], value, depth + 1)
    elif kind in ("string", "bytes"):
        if wire != 2:
            raise Malformed("a text is no text")
        try:
            yield value.decode() if kind == "string" else _base64(value)
        except UnicodeDecodeError:
            raise Malformed("a text is not UTF-8") from None
    elif wire == 2:  # packed numbers
        at = 0
        while at < len(value):
            if kind in ("double", "float"):
                size = 8 if kind == "double" else 4
                yield _number(field, value[at : at + size])
                at += size
            else:
                one, at = _varint(value, at)
                yield _number(field, one)
    else:
        yield _number(field, value)


def _number(field, value):
    kind = field["type"]
    if kind in ("double", "float"):
        try:
            return struct.unpack("<d" if kind == "double" else "<f", value)[0]
        except (struct.error, TypeError):
            raise Malformed("a number is cut off") from None
    if not isinstance(value, int):
        raise Malformed("a number is no varint")
    if kind == "bool":
        return value != 0
    if kind == "enum":
        signed = _signed(value, 32)
        return ENUMS[field["of"]].get(str(signed), signed)
    if kind == "sint32":
        return (value >> 1) ^ -(value & 1)
    if kind in ("int32", "int64"):
        return _signed(value, 64)
    return value


def _signed(value, bits):
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def _base64(value):
    return base64.b64encode(value).decode()


def _well_known(name, made):
    if name == "google.protobuf.Timestamp":
        moment = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
        try:
            moment += datetime.timedelta(seconds=made.get("seconds", 0), microseconds=made.get("nanos", 0) // 1000)
        except OverflowError:
            raise Malformed("a time is out of range") from None
        return moment.isoformat().replace("+00:00", "Z")
    if name == _ANY:
        url, value = made.get("typeUrl", ""), base64.b64decode(made.get("value", ""))
        packed = {"@type": url}
        known = url.rpartition("/")[2]
        if known in MESSAGES:
            opened = decode(known, value, 1)
            packed.update(opened if isinstance(opened, dict) else {"value": opened})
        else:
            packed["value"] = _base64(value)
        return packed
    return made


def event_of(record):
    """Returns the type of the event of a record, and its bytes; two empty ones if it has none."""
    type_url, value = "", b""
    for number, wire, content in fields(record):
        if number == 13 and wire == 2:
            for inner, form, part in fields(content):
                if form == 2 and inner == 1:
                    type_url = part.decode("utf-8", "replace")
                elif form == 2 and inner == 2:
                    value = part
    return type_url, value
