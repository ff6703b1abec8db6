"""Asking a ZAP daemon. Every answer is checked: the client gives back an error's code where a value is expected."""

from __future__ import annotations

import http.client
import json
import math
import time
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
from zapv2 import ZAPv2

from sdlc.asking import refuse_cut
from sdlc.errors import OutputInvalid, ToolFailed

T = TypeVar("T")
BASE = "http://zap"
REPLY_SECONDS = 60.0
# A daemon that once left a call unanswered gets no more than this, until it answers again: there is much to tidy up.
HUNG_SECONDS = 1.0
MAX_REPLY_BYTES = 256 << 20
FORM = "application/x-www-form-urlencoded"


class Refused(ToolFailed):
    """ZAP answered with one of its error codes (`no_implementor`, `url_not_found`, ...)."""

    def __init__(self, code: str, detail: str) -> None:
        """Keep the code, since some of them are facts to act on."""
        super().__init__(f"ZAP answered {code}{f': {detail}' if detail else ''}")
        self.code = code


class Unreachable(ToolFailed):
    """The daemon gave no answer at all."""


class Api:
    """A daemon's API, with each answer in the shape it should have."""

    def __init__(self, url: str, key: str, deadline: float = math.inf) -> None:
        """Talk to the daemon at `url` (scheme, host, port) with the API key `key`, hardly beyond `deadline`.

        That is a point of `time.monotonic()`, after which a call has little time.
        """
        self.url = url
        self._client: Any = _Client(url, key, deadline)

    def ask(self, shape: type[T], question: Callable[[Any], object]) -> T:
        """The answer to a call of the client, in the shape `shape`; numbers may come as text.

        Raises `Refused`, `Unreachable`, and `OutputInvalid` for an answer of another shape.
        """
        answer = question(self._client)
        try:
            return msgspec.convert(answer, shape, strict=False)
        except msgspec.ValidationError as error:
            raise OutputInvalid(f"ZAP's answer is not what 2.17 gives: {error}; it was {str(answer)[:200]!r}") from error

    def do(self, question: Callable[[Any], object]) -> None:
        """Make a call whose only good answer is OK; raises as `ask` does."""
        answer = self.ask(str, question)
        if answer != "OK":
            raise OutputInvalid(f"ZAP should have answered OK, and answered {answer[:200]!r}")

    def has(self, question: Callable[[Any], object]) -> bool:
        """Whether the part of ZAP that would answer this call is there."""
        try:
            question(self._client)
        except Refused as refusal:
            if refusal.code in ("no_implementor", "bad_view"):
                return False
            raise
        return True


class _Client(ZAPv2):
    """ZAP's own client, with another way to send: the original waits forever and takes errors for answers."""

    def __init__(self, url: str, key: str, deadline: float) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            proxies={"http": url, "https": url}, apikey=key
        )
        parts = urllib.parse.urlsplit(url)
        self._place = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._headers = {"X-ZAP-API-Key": key, "Content-Type": FORM}
        self._deadline, self._patience = deadline, REPLY_SECONDS

    def _request_api(
        self, url: str, query: Mapping[str, str] | None = None, method: str = "GET", body: object = None
    ) -> _Reply:
        """Send one call to the daemon itself, never through a proxy of the environment."""
        form = urllib.parse.urlencode(query or {})
        seconds = max(HUNG_SECONDS, min(self._patience, self._deadline - time.monotonic()))
        connection = http.client.HTTPConnection(*self._place, timeout=seconds)
        try:
            # A request to be replayed is longer than a line may be, so parameters go in the body.
            connection.request("POST", url.removeprefix(BASE), body=form.encode(), headers=self._headers)
            # A reply that breaks off stays open by itself, and with it the connection.
            with connection.getresponse() as reply:
                content = reply.read(MAX_REPLY_BYTES + 1)
                if len(content) <= MAX_REPLY_BYTES:
                    refuse_cut(reply, content)
            self._patience = REPLY_SECONDS
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, TimeoutError):
                self._patience = HUNG_SECONDS
            hint = "; it does so too when the API key is wrong" if isinstance(error, http.client.RemoteDisconnected) else ""
            raise Unreachable(
                f"ZAP at {':'.join(map(str, self._place))} did not answer: {error or type(error).__name__}{hint}"
            ) from error
        finally:
            connection.close()
        if len(content) > MAX_REPLY_BYTES:
            raise OutputInvalid(f"ZAP's answer to {url} is larger than {MAX_REPLY_BYTES >> 20} MiB")
        return _Reply(content)


class _Reply:
    """What the client's own code asks of a reply."""

    def __init__(self, content: bytes) -> None:
        self.text = content.decode("utf-8", "replace")

    def json(self) -> dict[str, Any]:
        """The object in the reply; raises `Refused` when it is an error."""
        try:
            answer = json.loads(self.text)
        except (ValueError, RecursionError) as error:
            raise OutputInvalid(f"ZAP did not answer in JSON: {self.text[:200]!r}") from error
        if not isinstance(answer, dict) or not answer:
            raise OutputInvalid(f"ZAP did not answer with an object: {self.text[:200]!r}")
        if "code" in answer and answer.keys() <= {"code", "message", "detail"}:
            raise Refused(str(answer["code"]), str(answer.get("detail") or answer.get("message") or ""))
        return answer
