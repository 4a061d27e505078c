"""An agency's endpoint, which Koppi calls: it takes only what Koppi has signed, each message once and in order, and
keeps it before it answers. Signatures are those of Standard Webhooks (www.standardwebhooks.com)."""

import base64
import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .chain import ChainError, Message
from .inbox import Refused

PATH = "/koppi.exchange.v1.CallbackService/Deliver"
MAX_BODY = 16 << 20
_TOLERANCE = 5 * 60
_FAILED_PRECONDITION, _UNAVAILABLE, _DATA_LOSS = 9, 14, 15


def is_signed(secrets, headers, body, now=None):
    """Whether a body was signed with one of the secrets, within the last five minutes."""
    try:
        at = int(headers["webhook-timestamp"])
        signed = headers["webhook-id"].encode() + b"." + str(at).encode() + b"." + body
    except (KeyError, TypeError, ValueError, AttributeError):
        return False
    if abs((time.time() if now is None else now) - at) > _TOLERANCE:
        return False
    given = [part[3:] for part in (headers["webhook-signature"] or "").split() if part.startswith("v1,")]
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        own = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        if any(hmac.compare_digest(own.encode(), one.encode()) for one in given):
            return True
    return False


class Endpoint:
    """Answers calls with an inbox. secrets are "whsec_…": two while one follows the other.

    taken is called with each message once it is kept. Mount answer() in your own server, or use server().
    """

    def __init__(self, inbox, secrets, taken=None):
        if not secrets or not all(secret.startswith("whsec_") for secret in secrets):
            raise ValueError("a secret is whsec_ and base64")
        self._inbox, self._secrets, self._taken, self._turn = inbox, secrets, taken, threading.Lock()

    def answer(self, headers, body):
        """Returns the HTTP status and the body with which a call is answered."""
        if not is_signed(self._secrets, headers, body):
            return 401, b'{"code":"unauthenticated","message":"the body is not signed by Koppi"}'
        try:
            request = json.loads(body)
            messages = [Message(view) for view in request.get("messages", [])]
        except (ValueError, AttributeError, TypeError):
            return 400, b'{"code":"invalid_argument","message":"the body is no DeliverRequest"}'
        with self._turn:  # two calls at once would take the same message twice
            return 200, json.dumps(self._deliver(messages, request.get("cursor", ""))).encode()

    def _deliver(self, messages, cursor):
        for accepted, message in enumerate(messages):
            try:
                if message.redelivered:
                    self._inbox.take_again(message)
                elif self._inbox.has(message):
                    continue
                else:
                    self._inbox.take(message, cursor if accepted == len(messages) - 1 else "")
            except Exception as error:  # whatever an inbox does, Koppi gets an answer
                return {"accepted": accepted, "refused": _refusal(error)}
            if self._taken:
                self._taken(message)
        return {"accepted": len(messages)}

    def server(self, host, port):
        """Returns a server for a test, or behind a proxy that ends TLS; call serve_forever() on it."""
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # noqa: N802 - the name that http.server asks for
                size = int(self.headers.get("Content-Length") or 0)
                if not self.path.endswith(PATH):
                    return self._write(404, b'{"code":"unimplemented"}')
                if size > MAX_BODY:
                    return self._write(413, b'{"code":"resource_exhausted"}')
                return self._write(*endpoint.answer(self.headers, self.rfile.read(size)))

            def _write(self, status, body):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass  # a path says nothing, and a body is never logged

        return ThreadingHTTPServer((host, port), Handler)


def _refusal(error):
    """A message that does not fit is never refused for good: somebody looks into it, and then it goes on."""
    if isinstance(error, ChainError):
        return {"code": _DATA_LOSS, "message": "the messages do not fit together"}
    if isinstance(error, Refused):
        return {"code": _FAILED_PRECONDITION, "message": "the message cannot be taken"}
    return {"code": _UNAVAILABLE, "message": "try again"}
