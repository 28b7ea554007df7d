"""What is kept of a lab in trouble fits where recordings are kept."""

import gzip

from alertdrill.lab import evidence

SAMPLES = [
    f'up{{job="kubernetes-pods",instance="10.0.0.{n % 5}:9090"}} 1.0 {n}\n'.encode() for n in range(9999)
]


def test_samples_are_packed_as_they_come() -> None:
    """Half an hour of a lab is hundreds of megabytes as text, of which a tenth is left."""
    packed = b"".join(evidence.gzipped(iter(SAMPLES)))
    assert b"".join(SAMPLES) == gzip.decompress(packed)
    assert len(packed) * 10 < len(b"".join(SAMPLES))
