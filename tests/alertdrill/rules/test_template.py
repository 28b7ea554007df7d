"""Mistakes in templates are found before anybody is woken by them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alertdrill.rules import template


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
        ("$labels.pod is down", "$labels stands outside of {{ }} and is shown as it is; put it inside"),
        ("$label.pod is down", "$label stands outside of {{ }} and is shown as it is; put it inside"),
        ("is $value", "$value stands outside of {{ }} and is shown as it is; put it inside"),
        ("{{ $value | humanise }}", "there is no template function humanise; write humanize"),
        ("{{ labels.pod }}", "there is no template function labels; write label"),
        ("{{ $labels.pod", "{{ is never closed; add }}"),
        ('{{ "}}', "{{ is never closed; add }}"),
        ("{{ if $value }}x", "a block is never closed; add {{ end }}"),
        ("{{ end }}", "{{ end }} closes nothing; remove it"),
        ("{{ $value == 1 }}", "the character '=' has no meaning inside {{ }}"),
        ("{{ $value ; }}", "the character ';' has no meaning inside {{ }}"),
    ],
)
def test_a_mistake_is_told(text: str, sentence: str) -> None:
    """What would be refused, or read as nonsense at night, is one sentence."""
    assert [sentence] == template.mistakes(text)


def test_all_mistakes_are_told() -> None:
    """Every mistake of a text is found at once."""
    assert 3 == len(template.mistakes("{{ $label.a }} $value {{ nothing }}"))


@given(st.text(max_size=40) | st.text('{}$.|"`/*-() =:aendiflabels', max_size=60))
@settings(max_examples=300)
def test_any_text_is_read(text: str) -> None:
    """No text breaks the reader, and a text without braces or dollars has no mistake."""
    found = template.mistakes(text)
    assert found == [] or "{{" in text or "$" in text
