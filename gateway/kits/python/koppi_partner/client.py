"""The way to Koppi: calls in JSON over POST. Each step takes effect once, however often the network breaks."""

import base64
import copy
import http.client
import json
import random
import time
import urllib.error
import urllib.request
import uuid

from . import records
from .chain import Message

_FIRST_WAIT, _LONGEST_WAIT = 0.2, 5.0


class KoppiError(Exception):
    """Koppi refused a call. code is that of Connect; reason is stable, for programs: expect reasons that you do not know."""

    def __init__(self, code, reason, message):
        super().__init__(f"{code} {reason}: {message}")
        self.code, self.reason = code, reason


class Client:
    """Calls Koppi at an address with the token that token() returns. context is an ssl.SSLContext, for a certificate."""

    def __init__(self, address, token=None, context=None, patience=60.0):
        self._address, self._token, self._context, self._patience = address.rstrip("/"), token, context, patience
        self._worker = ""

    def on_behalf_of(self, worker):
        """A client whose calls are those of a worker of the agency, given as "worker;unit;role"."""
        other = copy.copy(self)
        other._worker = worker
        return other

    def call(self, method, **request):
        """Calls a method, such as koppi.concern.v1.ConcernService/SubmitConcern, with the fields of its request.

        A request that changes something has a requestId; without one it gets one, and is repeated under the same for a
        minute until Koppi answers.
        """
        if not method.rpartition("/")[2].startswith(("List", "Get", "Open", "Acknowledge", "IssueToken")):
            request.setdefault("requestId", str(uuid.uuid4()))
        body, end, wait = json.dumps(request).encode(), time.monotonic() + self._patience, _FIRST_WAIT
        while True:
            try:
                return self._post(method, body)
            except (KoppiError, OSError, http.client.HTTPException) as error:
                passing = not isinstance(error, KoppiError) or error.reason in ("BUSY", "UNAVAILABLE") or not error.reason and error.code == "unavailable"
                if not passing or time.monotonic() + wait > end:
                    raise
            time.sleep(wait * (0.5 + random.random()))
            wait = min(2 * wait, _LONGEST_WAIT)

    def _post(self, method, body):
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = "Bearer " + self._token()
        if self._worker:
            headers["Koppi-On-Behalf-Of"] = self._worker
        post = urllib.request.Request(f"{self._address}/{method}", data=body, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(post, timeout=35, context=self._context) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise _refusal(error) from None

    def poll(self, inbox, consumer="", taken=None):
        """Reads what waits into the inbox, verifies it, and acknowledges it. taken is called with each message kept."""
        exchange = "koppi.exchange.v1.ExchangeService/"
        while True:
            page = self.call(exchange + "ListMessages", cursor=inbox.position.cursor, consumer=consumer, withRecords=True)
            messages = [Message(view) for view in page.get("messages", [])]
            for index, message in enumerate(messages, 1):
                if inbox.has(message):
                    continue
                # Koppi says only the cursor behind the last.
                inbox.take(message, page["nextCursor"] if index == len(messages) else "")
                if taken:
                    taken(message)
            if messages:
                self.call(exchange + "AcknowledgeMessages", cursor=page["nextCursor"], consumer=consumer)
            if not int(page.get("backlog", 0)):
                return


def _refusal(error):
    try:
        said = json.loads(error.read())
    except ValueError:
        said = {}
    reason = ""
    for detail in said.get("details", []):
        if detail.get("type") == "google.rpc.ErrorInfo":
            reason = (detail.get("debug") or {}).get("reason", "") or _reason_in(detail.get("value", ""))
    return KoppiError(said.get("code", "unavailable" if error.code >= 500 else "unknown"), reason, said.get("message", ""))


def _reason_in(value):
    """The reason of a serialized google.rpc.ErrorInfo, which is its first field."""
    padded = value + "=" * (-len(value) % 4)
    for number, wire, content in records.fields(base64.b64decode(padded)):
        if number == 1 and wire == 2:
            return content.decode()
    return ""
