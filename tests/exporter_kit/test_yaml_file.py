"""What can't be read is a sentence that quotes nothing of it."""

from pathlib import Path

import pytest

from exporter_kit import yaml_file
from exporter_kit.errors import ConfigError

BROKEN = [
    (
        "a: {API_TOKEN: hunter2, B: c: d}",
        "not YAML: while parsing a flow mapping, expected ',' or '}', but got ':', line 1, column 29",
    ),
    ("token: *hunter2", "not YAML: found undefined alias, line 1, column 8"),
    (
        "a: &hunter2 1\nb: &hunter2 2",
        "not YAML: found duplicate anchor, second occurrence, line 2, column 4",
    ),
    ("a: !hunter2 x", "not YAML: could not determine a constructor for the tag, line 1, column 4"),
    ("a: !!int hunter2", "a value in it is not what its tag says"),
    ("a: !!bool hunter2", "a value in it is not what its tag says"),
    ("a: !!timestamp hunter2", "a value in it is not what its tag says"),
    ("hunter2\0", "not YAML: it holds bytes that are no text"),
    ("[" * 5000, "they nest too deeply"),
]


@pytest.mark.parametrize(("text", "sentence"), BROKEN)
def test_what_cannot_be_read_is_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    """It names the file and the place, and none of the secrets that may stand there."""
    file = tmp_path / "x.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        yaml_file.read(file, "the commands")
    said = str(caught.value)
    assert said.startswith(f"{file}: can't read the commands")
    assert said.endswith(sentence)
    assert "hunter2" not in said


def test_what_can_be_read_is_returned(tmp_path: Path) -> None:
    """Values as YAML has them, an empty file as nothing."""
    file = tmp_path / "x.yaml"
    file.write_text("a: [1, b]")
    empty = tmp_path / "empty"
    empty.touch()
    assert ({"a": [1, "b"]}, None) == (yaml_file.read(file, "it"), yaml_file.read(empty, "it"))


def test_what_has_no_end_is_not_read_to_it() -> None:
    """A device that was named by mistake is told, before it fills the memory."""
    with pytest.raises(ConfigError) as caught:
        yaml_file.read(Path("/dev/zero"), "the commands")
    sentence = "it is larger than 4 MiB, which is the most that is read"
    assert f"/dev/zero: can't read the commands: {sentence}" == str(caught.value)
