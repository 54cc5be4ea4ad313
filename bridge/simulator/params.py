"""A call's parameters: query, form, multipart or JSON, all read the same way.

Libraries send nested values as JSON text inside a form; a JSON body may hold them as they are.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from bridge.simulator.wire import ApiError, Json, bad_request

LARGEST_UPLOAD = 50 * 1024 * 1024
FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}


@dataclass(frozen=True, slots=True)
class Upload:
    name: str
    mime: str
    data: bytes


class Params:
    def __init__(
        self,
        values: Mapping[str, Any],
        uploads: Mapping[str, Upload] | None = None,
    ) -> None:
        self._values = values
        self.uploads = uploads or {}

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str:
        """Empty when it is not given."""
        value = self._values.get(name)
        if value is None:
            return ""
        return value if isinstance(value, str) else json.dumps(value)

    def integer(self, name: str, default: int = 0) -> int:
        """The default when it is not given or no number, as the server does it."""
        try:
            return int(self.text(name))
        except ValueError:
            return default

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in {"true", "yes", "1"}

    def nested(self, name: str) -> Any:
        """An object or a list, however it was sent; None when it is not given."""
        value = self._values.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {name} JSON object") from None

    def objects(self, name: str) -> list[Json]:
        """A list of objects; empty when it is not given. Raises ApiError for anything else."""
        value = self.nested(name) or []
        if not (isinstance(value, list) and all(isinstance(v, dict) for v in value)):
            raise bad_request(f"can't parse {name} JSON object")
        return value

    def strings(self, name: str) -> list[str]:
        value = self.nested(name)
        return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


async def read(request: Request) -> Params:
    if int(request.headers.get("content-length", "0")) > LARGEST_UPLOAD:
        raise ApiError(413, "Request Entity Too Large")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    query = dict(request.query_params)
    if kind == "application/json":
        return Params({**query, **await _json(request)})
    if kind in FORMS:
        return await _form(request, query)
    return Params(query)


async def _json(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise bad_request("can't parse JSON object")
    return body


async def _form(request: Request, query: dict[str, str]) -> Params:
    values: dict[str, Any] = dict(query)
    uploads: dict[str, Upload] = {}
    try:
        async with request.form() as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    uploads[name] = await _upload(value)
                else:
                    values[name] = value
    except HTTPException:
        raise bad_request("can't parse the request body") from None
    return Params(values, uploads)


async def _upload(part: UploadFile) -> Upload:
    mime = part.content_type or "application/octet-stream"
    return Upload(part.filename or "file", mime, await part.read())
