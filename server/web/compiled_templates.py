"""What templates compile to: made once for both languages, and kept while the process lives."""

from __future__ import annotations

from types import CodeType

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class CompiledTemplates(BytecodeCache):
    """The code of each template, for as long as its file says the same.

    One for all environments that differ in nothing but the functions that they call by name, as
    those of two languages do.
    """

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give the code of that template, if it was compiled before."""
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of that template."""
        self._code[bucket.key, bucket.checksum] = bucket.code


COMPILED = CompiledTemplates()
