"""Where the files that ship with the harness are: the checkout's, else those inside the wheel."""

from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


def path(*parts: str) -> Path:
    """Return the path of a shipped file or folder, for example `path("manifests", "overlays", "drill")`."""
    root = CHECKOUT if (CHECKOUT / "noxfile.py").is_file() else Path(__file__).parent / "_data"
    return root.joinpath(*parts)
