"""What a plan must look like where it is read: anything else is told, and never taken for no change."""

from typing import Any

import msgspec

# A tool writes null, or nothing, where there is none.
Flag = bool | None
Text = str | None


class _Change(msgspec.Struct):
    actions: list[str] = []


class _Resource(msgspec.Struct):
    address: Text = None
    mode: Text = None
    previous_address: Text = None
    change: _Change | None = None


class _Variable(msgspec.Struct):
    value: Any = None


class _Declared(msgspec.Struct):
    sensitive: Flag = None


class _Module(msgspec.Struct):
    variables: dict[str, _Declared | None] | None = None


class _Configuration(msgspec.Struct):
    root_module: _Module | None = None


class Plan(msgspec.Struct):
    """The parts of `show -json` that are read."""

    errored: Flag = None
    complete: Flag = None
    applyable: Flag = None
    resource_changes: list[_Resource] | None = None
    resource_drift: list[_Resource] | None = None
    output_changes: dict[str, _Change] | None = None
    variables: dict[str, _Variable] | None = None
    configuration: _Configuration | None = None
