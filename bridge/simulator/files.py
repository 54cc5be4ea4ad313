"""Files that were sent: kept in memory, named by an id nobody can guess."""

import secrets
from dataclasses import dataclass

from bridge.simulator.wire import Json, bad_request

LARGEST_DOWNLOAD = 20 * 1024 * 1024
IMAGES = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpg", b"GIF8": "gif", b"RIFF": "webp"}


@dataclass(frozen=True, slots=True)
class File:
    id: str
    unique_id: str
    name: str
    mime: str
    data: bytes
    path: str

    def json(self) -> Json:
        return {
            "file_id": self.id,
            "file_unique_id": self.unique_id,
            "file_size": len(self.data),
        }


class Files:
    def __init__(self) -> None:
        self._files: dict[str, File] = {}

    def add(self, name: str, mime: str, data: bytes, folder: str) -> File:
        _, dot, suffix = name.rpartition(".")
        path = f"{folder}/file_{len(self._files)}{dot}{suffix if dot else ''}"
        file = File(secrets.token_urlsafe(24), secrets.token_urlsafe(8), name, mime, data, path)
        self._files[file.id] = file
        return file

    def get(self, file_id: str) -> File | None:
        return self._files.get(file_id)

    def at(self, path: str) -> File | None:
        return next((f for f in self._files.values() if f.path == path), None)

    def downloadable(self, file_id: str) -> File:
        """Raises ApiError: unknown, or above what getFile hands out."""
        file = self.get(file_id)
        if file is None:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        if len(file.data) > LARGEST_DOWNLOAD:
            raise bad_request("file is too big")
        return file


def as_document(file: File) -> Json:
    document = {**file.json(), "file_name": file.name, "mime_type": file.mime}
    return {"document": document}


def as_photo(file: File) -> Json:
    width, height = _size(file.data)
    return {"photo": [{**file.json(), "width": width, "height": height}]}


def is_image(data: bytes) -> bool:
    return data.startswith(tuple(IMAGES))


def _size(data: bytes) -> tuple[int, int]:
    """Width and height of a PNG; of anything else a guess."""
    if not data.startswith(b"\x89PNG") or len(data) < 24:
        return 800, 600
    return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
