"""Mistakes in templates are found before anybody is woken by them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alertdrill.rules import template

ANEW = (
    "each new value makes another instance of the alert, whose `for` begins anew; say the value in an"
    " annotation"
)
DOTS = "for a name with dots"
BREAKS = "and the whole text breaks"
FIELDS = ".Labels, .Value, .ExternalLabels, .ExternalURL"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain, costs $5",
        "{{ $labels.pod }} is {{ $value | humanize }}",
        "{{- $labels.pod -}}",
        "{{ $value | humanizePercentage }} of {{ $externalLabels.cluster }} {{ $externalURL }}",
        "{{ if gt $value 1.5 }}much{{ else if eq $value 1.0 }}some{{ else }}few{{ end }}",
        '{{ range $i, $e := query "up" }}{{ $i }} {{ $e.Labels.job }} {{ . }}{{ end }}',
        '{{ with query "up" }}{{ . | first | value | printf "%.2f" }}{{ end }}',
        '{{ $x := first (query "up") }}{{ $x | value }}',
        '{{ range query (printf "up{pod=\\"%s\\"}" $labels.pod) }}{{ .Labels.job }}{{ end }}',
        '{{ printf "}}" }}',
        "{{ `$label }}` }}",
        "{{/* a comment about $nothing */}}",
        "{{ $.Labels.pod }} {{ .Value }} {{ .ExternalURL }}",
        '{{ define "a" }}x{{ end }}{{ template "a" . }}',
        '{{ reReplaceAll "(.*)" "$1" $labels.pod | title }}',
        "{{ $labels.a }}{{ $labels.b }}",
        "{{ with query `up` }}{{ with first . }}{{ .Labels.a }} {{ .Value }} {{ .Own }}{{ end }}{{ end }}",
        "{{ (query `up` | first).Labels.instance }} {{ (first (query `up`)).Value }}",
        "{{ range query `up` }}{{ .Labels.a }}{{ else }}{{ .Labels.a }}{{ end }}{{ .Value }}",
        "{{ with .Labels.a }}x{{ else with query `up` }}{{ .Own }}{{ end }}",
        "{{ define `x` }}{{ .Own }} {{ $.Own }}{{ end }}{{ template `x` . }}",
        "{{ $value.Count }} {{ .Value.Sum }}",
        "{{ $labels := query `up` | first }}{{ $labels.Value.x }}",
        "{{ len $labels }} {{ index $labels \"a-b\" }} {{ 1.5e3 }} {{ true }} {{ 'x' }}",
    ],
)
def test_a_good_template_is_not_objected_to(text: str) -> None:
    """What Prometheus takes has no mistake."""
    assert [] == template.mistakes(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{{ $label.name }}", "there is no variable $label; write $labels"),
        ("{{ $lables.name }}", "there is no variable $lables; write $labels"),
        ("{{ $foo }}", "there is no variable $foo; Prometheus would refuse the template"),
        ("{{ $value | humanise }}", "there is no template function humanise; write humanize"),
        ("{{ labels.pod }}", "there is no template function labels; write label"),
        ("{{ $labels.pod", "{{ is never closed; add }}"),
        ('{{ "}}', "{{ is never closed; add }}"),
        ("{{ if $value }}x", "a block is never closed; add {{ end }}"),
        ("{{ end }}", "{{ end }} closes nothing; remove it"),
        ("{{ $value == 1 }}", "the character '=' has no meaning inside {{ }}"),
        ("{{ tmpl }}", "there is no template function tmpl; write html"),
        ("{{ .Extrenal }}", f"an alert has no .Extrenal, {BREAKS}; it has {FIELDS}"),
        ("{{ .labels.job }}", f"an alert has no .labels, {BREAKS}; it has {FIELDS}"),
        ("{{ $.labels.job }}", f"an alert has no .labels, {BREAKS}; it has {FIELDS}"),
        ("{{ .Status | toUpper }}", f"an alert has no .Status, {BREAKS}; it has {FIELDS}"),
        (
            "{{ if .Annotations }}x{{ end }}",
            f"an alert has no .Annotations, {BREAKS}; it has {FIELDS}",
        ),
        (
            "{{ with query .Expr }}{{ . }}{{ end }}",
            f"an alert has no .Expr, {BREAKS}; it has {FIELDS}",
        ),
        (
            "{{ range query `up` }}{{ .Foo }}{{ else }}{{ .Foo }}{{ end }}",
            f"an alert has no .Foo, {BREAKS}; it has {FIELDS}",
        ),
        (
            "{{ with .Labels.a }}{{ $.Foo }}{{ end }}",
            f"an alert has no .Foo, {BREAKS}; it has {FIELDS}",
        ),
        (
            "{{ $labels.app.k8s.io }}",
            f'$labels.app has no .k8s, {BREAKS}; write {{{{ index $labels "app.k8s.io" }}}} {DOTS}',
        ),
        (
            "{{ .Labels.a.b }}",
            f'.Labels.a has no .b, {BREAKS}; write {{{{ index .Labels "a.b" }}}} {DOTS}',
        ),
        ("{{ $externalURL.Host }}", f"$externalURL has no .Host, {BREAKS}; remove it"),
        ("{{ $value ; }}", "the character ';' has no meaning inside {{ }}"),
    ],
)
def test_a_mistake_is_told(text: str, sentence: str) -> None:
    """What would be refused, or read as nonsense at night, is one sentence."""
    assert [sentence] == template.mistakes(text)


def test_all_mistakes_are_told() -> None:
    """Every mistake of a text is found at once."""
    assert 3 == len(template.mistakes("{{ $label.a }} {{ .value }} {{ nothing }}"))


@pytest.mark.parametrize(
    ("text", "of_label", "said"),
    [
        (
            "$labels.pod is down",
            False,
            ["$labels stands outside of {{ }} and is shown as it is; put it inside"],
        ),
        (
            "$label.pod is down",
            False,
            ["$label stands outside of {{ }} and is shown as it is; put it inside"],
        ),
        ("is $value", True, ["$value stands outside of {{ }} and is shown as it is; put it inside"]),
        ("{{ $value }}", True, [ANEW]),
        ("at {{ .Value | humanize }}%", True, [ANEW]),
        ("{{ printf `%.2f` $.Value }}", True, [ANEW]),
        ("{{ $value }}", False, []),
        ("{{ if gt $value 90.0 }}critical{{ else }}warning{{ end }}", True, []),
        ("{{ $labels.value }} {{ .Labels.Value }}", True, []),
    ],
)
def test_what_nobody_means_is_doubted(text: str, of_label: bool, said: list[str]) -> None:  # noqa: FBT001
    """What Prometheus takes is not refused, but said: a variable outside of braces, a value in a label."""
    assert (said, []) == (template.doubts(text, of_label=of_label), template.mistakes(text))


@given(st.text(max_size=40) | st.text('{}$.|"`/*-() =:aendiflabels', max_size=60))
@settings(max_examples=300)
def test_any_text_is_read(text: str) -> None:
    """No text breaks the reader, and a text without braces or dollars has no mistake."""
    found = template.mistakes(text)
    assert found == [] or "{{" in text or "$" in text
