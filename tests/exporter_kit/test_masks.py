"""Secrets are hidden, whole, and quickly."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter_kit.masks import DEFAULT, HIDDEN, Masks, secret_values

DEFAULTS = Masks.of(DEFAULT)
TOKEN = Masks.of([r"tok_[a-z]+"])
ESCAPES = ("\x1b[31m", "\x1b[m", "\x1b[1;38;5;9m", "\x1b[K", "\x1b(B", "\x1b]8;;x\x07", "\x1b]8;;\x1b\\")
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("password=hunter2 ok", f"password={HIDDEN} ok"),
        ('{"db_password": "hunter2"}', f'{{"db_password": "{HIDDEN}"}}'),
        ("AWS_SECRET_ACCESS_KEY=abc/def", f"AWS_SECRET_ACCESS_KEY={HIDDEN}"),
        ("Authorization: Bearer abcdefgh12", f"Authorization: Bearer {HIDDEN}"),
        ("git clone https://me:s3cret@host/x", f"git clone https://me:{HIDDEN}@host/x"),
        ("postgres://u:p@ss@db/x", f"postgres://u:{HIDDEN}@db/x"),
        ("id AKIAIOSFODNN7EXAMPLE.", f"id {HIDDEN}."),
        ("ghp_" + "a1" * 18, HIDDEN),
        ("glpat-" + "x" * 20, HIDDEN),
        ("jwt eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.c2ln", f"jwt {HIDDEN}"),
        (
            "mycli --token s.abcdefghij --password hunter2x now",
            f"mycli --token {HIDDEN} --password {HIDDEN} now",
        ),
        ("mycli -db-password 'hun ter' now", f"mycli -db-password {HIDDEN} now"),
        (r"mycli --api-key 'hun'\''ter' now", f"mycli --api-key {HIDDEN} now"),
        (r"sh -c 'mycli --secret '\''hun ter'\'' now'", f"sh -c 'mycli --secret {HIDDEN} now'"),
        ('mycli --token "a\\"b c" now', f"mycli --token {HIDDEN} now"),
        ("['mycli', '--token', 's.abc', 'now']", f"['mycli', '--token', {HIDDEN}, 'now']"),
        ('{"run": "mycli --token abc", "a": 1}', f'{{"run": "mycli --token {HIDDEN}", "a": 1}}'),
        ("mycli --token=s.abcdefghij now", f"mycli --token={HIDDEN} now"),
        (
            "login --password-stdin me --token-file /run/t --secret --now",
            "login --password-stdin me --token-file /run/t --secret --now",
        ),
        (r'{"m":"{\"password\":\"hunter2\",\"a\":1}"}', rf'{{"m":"{{\"password\":\"{HIDDEN}\",\"a\":1}}"}}'),
        ('password: "correct horse" next', f'password: "{HIDDEN}" next'),
        ('{"password": "ab,cd;e\\"f", "a": 1}', f'{{"password": "{HIDDEN}", "a": 1}}'),
        ('{"password": "", "a": "b"}', '{"password": "", "a": "b"}'),
        ("PASSWORD=a}bcdefg end", f"PASSWORD={HIDDEN} end"),
        ("{password: abc}", f"{{password: {HIDDEN}}}"),
        ("password := hunter2", f"password := {HIDDEN}"),
        ("password => 'hun ter'", f"password => '{HIDDEN}'"),
        (f"a\n{KEY}\nb", f"a\n{HIDDEN}\nb"),
        ("a\n" + KEY[:50], f"a\n{HIDDEN}"),
        ("nothing to hide, http://host:80/x?y=1", "nothing to hide, http://host:80/x?y=1"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, expected: str) -> None:
    """The patterns that are always on hide the secret and leave its name."""
    assert expected == DEFAULTS.hide(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[33mhttps://u:hunter2x@host/\x1b[0m", f"\x1b[33mhttps://u:{HIDDEN}@host/\x1b[0m"),
        ("\x1b[32mghp_" + "a1" * 18 + "\x1b[0m", f"\x1b[32m{HIDDEN}\x1b[0m"),
        ("\x1b[36meyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.c2ln", f"\x1b[36m{HIDDEN}"),
        ("\x1b[33mBearer abcdefgh12\x1b(B\x1b[m ok", f"\x1b[33mBearer {HIDDEN}\x1b(B\x1b[m ok"),
        (
            '\x1b[34;1m"password"\x1b[0m\x1b[1;39m:\x1b[0m \x1b[0;32m"hunter2x"\x1b[0m',
            f'\x1b[34;1m"password"\x1b[0m\x1b[1;39m:\x1b[0m \x1b[0;32m"{HIDDEN}"\x1b[0m',
        ),
        ("password=\x1b[1;32mhunter2x\x1b[0m ok", f"password=\x1b[1;32m{HIDDEN}\x1b[0m ok"),
        ("password=\x1b[1;31m\x1b[Khun\x1b[m\x1b[Kter2x ok", f"password=\x1b[1;31m\x1b[K{HIDDEN}\x1b[m ok"),
        (
            "\x1b]8;;https://u:hunter2x@h/\x07link\x1b]8;;\x07",
            f"\x1b]8;;https://u:{HIDDEN}@h/\x07link\x1b]8;;\x07",
        ),
        ("password\x1b]8;;\x1b\\: hunter2x", f"password\x1b]8;;\x1b\\: {HIDDEN}"),
        ("\x1b]0;no end \x1b[33mhttps://u:hunter2x@h/", f"\x1b]0;no end \x1b[33mhttps://u:{HIDDEN}@h/"),
        ("\x1b[33mnothing\x1b[0m to hide", "\x1b[33mnothing\x1b[0m to hide"),
    ],
)
def test_colours_and_links_do_not_uncover_a_secret(text: str, expected: str) -> None:
    """A secret is found through the escapes around and within it, and the colours of all else stay."""
    assert expected == DEFAULTS.hide(text)


@pytest.mark.parametrize(
    "text",
    [
        *("a" * 140_000, "a-" * 70_000, "eyJ-" * 35_000, "x://" * 35_000, "x:" * 70_000, "password" * 17_000),
        *("bearer " * 20_000, "-----BEGIN " * 12_000, "secret \t" * 17_000, "=" * 140_000, "x://a:" * 20_000),
        *(
            "\x1b[" * 70_000,
            "\x1b]" * 70_000,
            "\x1b]0;" * 35_000,
            "\x1b[0m" * 35_000,
            "\x1b[" + "0" * 140_000,
        ),
        *("\x1b]" + "a" * 140_000, "\x1b" * 140_000, "\x1b(" * 70_000, "\x1b[1mpassword" * 12_000),
        *(
            "-" * 140_000,
            "--token" * 20_000,
            "--token '" * 15_000,
            "-token '\\''" * 11_000,
            '-token "' * 17_000,
        ),
        *("-token '" + "'\\''" * 35_000, '-token "' + "\\" * 140_000),
    ],
    ids=lambda text: ascii(text[:8]),
)
def test_hostile_text_is_searched_in_linear_time(text: str) -> None:
    """Text made to send a regular expression astray does not (it would take minutes)."""
    assert len(DEFAULTS.hide(text)) <= len(text)


@given(
    st.text(alphabet="ab\n ", max_size=40),
    st.text(string.ascii_lowercase, min_size=1),
    st.text(alphabet="ab\n "),
)
def test_a_cut_never_shows_half_a_secret(before: str, secret: str, after: str) -> None:
    """Wherever a text is cut, a secret in it is hidden whole or lies outside the cut."""
    text = f"{before}tok_{secret}\n{after}"
    for cut in range(len(text) + 1):
        for shown in (TOKEN.hide(text, end=cut), TOKEN.hide(text, start=cut)):
            assert "tok_" not in shown
            if len(before) < cut < len(before) + 4 + len(secret):
                assert HIDDEN in shown


@given(
    st.lists(st.sampled_from(["", "a", "\n", *ESCAPES]), max_size=6).map("".join),
    st.lists(st.sampled_from(["", *ESCAPES]), min_size=8, max_size=8),
)
def test_a_coloured_secret_is_hidden_whole_wherever_it_is_cut(before: str, within: list[str]) -> None:
    """Escapes may stand before and between all letters of a secret: no cut shows one of its letters."""
    coloured = "".join(f"{escape}{letter}" for escape, letter in zip(within, "tok_tokk", strict=True))
    text = f"{before}\n{coloured}\n"
    for cut in range(len(text) + 1):
        for shown in (TOKEN.hide(text, end=cut), TOKEN.hide(text, start=cut)):
            assert set() == set("tok_") & set(shown)


@given(st.text(), st.integers(0, 50), st.integers(0, 50))
def test_text_without_secrets_is_left_alone(text: str, start: int, end: int) -> None:
    """Without a match, hiding is cutting."""
    assert text[start:end] == Masks().hide(text, start, min(end, len(text)))


def test_touching_secrets_are_one() -> None:
    """Matches that overlap are hidden once."""
    assert f"x{HIDDEN}y" == Masks.of(["abc", "bcd", "e"]).hide("xabcdey")


def test_values_of_secret_names_are_hidden_wherever_they_stand() -> None:
    """What the environment calls a token is hidden even where nothing says that it is one."""
    values = secret_values(
        {"API_TOKEN": "s3same.open", "HOME": "/root/home", "DB_PASSWORD": "short", "PWD": "/root/pwd"}
    )
    assert ["s3same.open"] == values
    assert f"it was {HIDDEN}!" == Masks().with_values(values).hide("it was s3same.open!")


def test_a_broken_pattern_is_a_sentence() -> None:
    """A pattern that can't be compiled is named."""
    with pytest.raises(ValueError, match=r"the mask '\(' is not a regular expression: "):
        Masks.of(["("])


@pytest.mark.parametrize("name", ["DB_PASS", "PASS", "GPG_PASSPHRASE", "MYSQL_PWD", "PASS_WORD"])
def test_what_is_called_like_a_password_is_one(name: str) -> None:
    """Short forms count, where they are words of the name."""
    assert ["hunter2hunter2"] == secret_values({name: "hunter2hunter2", "BYPASS": "abcdefgh"})
