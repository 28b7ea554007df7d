"""YAML as Kubernetes' own tools read it: their rules of which plain words are no text, and one document.

PyYAML follows another edition of YAML: to it `y` and `12e4` are text, and a date and `1:30` are not.
"""

import json
import re
from collections.abc import Hashable
from typing import Any

import yaml

# What a plain word must be, and how it may begin.
WORDS = {
    "bool": (
        "[yYnN]|yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF",
        "yYnNtTfFoO",
    ),
    "null": ("~|null|Null|NULL|", ("~", "n", "N", "")),
    "merge": ("<<", "<"),
    "int": ("[-+]?(?:0[bB][01_]+|0[xX][0-9a-fA-F_]+|0[oO]?[0-7_]+|0|[1-9][0-9_]*)", "-+0123456789"),
    "float": (
        (
            r"[-+]?(?:\.[0-9_]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?"
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
        ),
        "-+.0123456789",
    ),
}


class _Loader(yaml.SafeLoader):
    """Differs from its base in what a plain word is, and in that keys are text, as JSON's are."""

    bool_values = yaml.SafeLoader.bool_values | {"y": True, "n": False}
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # as in the base

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002
        """Return a mapping by texts; in Python 1 and true would be one key."""
        self.flatten_mapping(node)
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        values = [self.construct_object(value, deep=deep) for _, value in node.value]
        texts = [key if isinstance(key, str) else json.dumps(key) for key in keys]
        return dict(zip(texts, values, strict=True))


for _name, (_word, _beginnings) in WORDS.items():
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_name}", re.compile(rf"(?:{_word})\Z"), list(_beginnings)
    )


def first(text: bytes | str) -> Any:
    """Return the values of the first document; what can't be read is PyYAML's error."""
    return next(yaml.load_all(text, _Loader), None)  # made of the safe one
