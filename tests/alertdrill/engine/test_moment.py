"""Templates rendered later ask of the moment they are about."""

import pytest

from alertdrill.engine import moment

ASKED = 'printf "last_over_time((%s)[1ms:1ms] @ 1.500)"'


@pytest.mark.parametrize(
    ("template", "then"),
    [
        ("a query now", "a query now"),
        ("{{ $labels.query }}{{ .Labels.now }}", "{{ $labels.query }}{{ .Labels.now }}"),
        ("{{ now }}", "{{ 1.500 }}"),
        ('{{ "now" }}', '{{ "now" }}'),
        ('{{ query "up" | first | value }}', f'{{{{ {ASKED} "up" | query | first | value }}}}'),
        ('{{ printf "up" | query }}', f'{{{{ printf "up" | {ASKED} | query }}}}'),
        ('{{ (query (printf "(" $x)) }}', f'{{{{ ({ASKED} (printf "(" $x) | query) }}}}'),
        ("{{ query $q -}}", f"{{{{ {ASKED} $q | query -}}}}"),
    ],
)
def test_the_present_becomes_the_moment(template: str, then: str) -> None:
    """A query, with its words behind it or through a pipe, is asked at the moment, and `now` is it."""
    assert then == moment.at(template, 1.5)


@pytest.mark.parametrize(
    ("template", "by_labels_only"),
    [
        ("a value", True),
        ("{{ $labels.a | toUpper }}", True),
        ('{{ if eq .Labels.a "value" }}x{{ end }}', True),
        ("{{ $value }}", False),
        ("{{ .Value }}", False),
        ('{{ query "up" }}', False),
        ("{{ . }}", False),
        ("{{ $ }}", False),
    ],
)
def test_what_goes_by_more_than_labels(template: str, *, by_labels_only: bool) -> None:
    """A template that may see the value is rendered for each."""
    assert by_labels_only is moment.goes_by_labels_only(template)
