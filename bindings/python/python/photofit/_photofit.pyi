"""The native part: see the package for what each is."""

from os import PathLike
from typing import Any, final

from ._types import Data

__all__ = [
    "EXTENSIONS",
    "CancelToken",
    "Preparer",
    "Settings",
    "__version__",
    "check_output",
    "presets",
    "probe",
    "read_uri",
    "write_uri",
]

EXTENSIONS: dict[str, str]
__version__: str

@final
class CancelToken:
    """Stops work from another thread."""

    def __new__(cls) -> CancelToken: ...
    def cancel(self) -> None: ...
    def within(self, timeout: float | None) -> CancelToken: ...
    @property
    def cancelled(self) -> bool: ...

@final
class Settings:
    """The library's options, made of the values of ``photofit.Options``."""

    def __new__(
        cls,
        *,
        limits: str,
        max_pixels: int | None,
        max_bytes: int | None,
        max_side: int | None,
        accept: Any,
        format: str,
        metadata: str,
        max_source_pixels: int,
        max_memory: int,
        quality: int | str,
        min_quality: int,
        chroma: str,
        filter: str,
        light: str,
        colour: str,
        effort: str,
        background: tuple[int, int, int],
        check: str,
        on_damage: str,
        deny_loss: Any,
    ) -> Settings: ...
    def are_default(self) -> bool: ...
    def limits(self) -> str: ...

@final
class Preparer:
    """A preparer of the library."""

    def __new__(cls, settings: Settings) -> Preparer: ...
    def prepare(self, data: Data, timeout: float | None, cancel: CancelToken | None) -> tuple[bytes, str]: ...
    def prepare_file(
        self,
        path: str | PathLike[str],
        output: str | PathLike[str] | None,
        timeout: float | None,
        cancel: CancelToken | None,
    ) -> tuple[bytes, str]: ...
    def estimate_memory(self, data: Data) -> int: ...
    def clear(self) -> None: ...

def check_output(uri: str) -> None: ...
def presets() -> str: ...
def probe(data: Data) -> str: ...
def read_uri(
    uri: str, limit: int, timeout: float | None = None, cancel: CancelToken | None = None
) -> bytes: ...
def write_uri(uri: str, data: bytes) -> None: ...
