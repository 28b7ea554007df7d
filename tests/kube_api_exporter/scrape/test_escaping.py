"""Names under the four escaping schemes."""

import pytest

from kube_api_exporter.scrape import escaping
from kube_api_exporter.scrape.negotiate import Escaping

LINES = b'k8s_w_a_b{namespace="k8s_w_a_b{",name="x\\\\"} 1\nk8s_w_a_b{namespace="n",my_list="0"} 2\n'
HEADER = b"# HELP k8s_w_a_b said\n# TYPE k8s_w_a_b gauge\n"


@pytest.mark.parametrize(
    ("scheme", "first", "header"),
    [
        (
            "allow-utf-8",
            b'{"k8s_w_a.b",namespace="k8s_w_a_b{",name="x\\\\"} 1',
            b'# HELP "k8s_w_a.b" said\n# TYPE "k8s_w_a.b" gauge\n',
        ),
        (
            "dots",
            b'k8s__w__a_dot_b{namespace="k8s_w_a_b{",name="x\\\\"} 1',
            b"# HELP k8s__w__a_dot_b said\n# TYPE k8s__w__a_dot_b gauge\n",
        ),
        (
            "values",
            b'U__k8s__w__a_2e_b{namespace="k8s_w_a_b{",name="x\\\\"} 1',
            b"# HELP U__k8s__w__a_2e_b said\n# TYPE U__k8s__w__a_2e_b gauge\n",
        ),
        ("underscores", b'k8s_w_a_b{namespace="k8s_w_a_b{",name="x\\\\"} 1', HEADER),
    ],
)
def test_a_name_is_rewritten_and_nothing_else(scheme: Escaping, first: bytes, header: bytes) -> None:
    """Only the name at the start of each line changes, never a value that looks like it."""
    wanted = escaping.family_name("k8s_w_a_b", "k8s_w_a.b", scheme)
    assert first == escaping.rewrite(LINES, "k8s_w_a_b", wanted, scheme).split(b"\n")[0]
    assert header == escaping.rewrite_header(HEADER, "k8s_w_a_b", wanted, scheme)


def test_the_dots_scheme_doubles_underscores_in_label_names_too() -> None:
    """Whoever asked for dots can read label names back."""
    rewritten = escaping.rewrite(LINES, "k8s_w_a_b", "x", "dots")
    assert b'x{namespace="n",my__list="0"} 2' == rewritten.split(b"\n")[1]
