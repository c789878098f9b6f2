"""Where things are and how the app listens; literal defaults, parsed once."""

from dataclasses import dataclass
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    """Settings of the web app and the command line."""

    host: str = "127.0.0.1"  # loopback by default: the page has no login
    port: int = 7860
    policies: Path = PROJECT_ROOT / "assets" / "policies"
    data: Path = PROJECT_ROOT / "data"
    seats: int = 8  # simulations held at once, one a visitor
    idle_seconds: float = 600.0  # a seat is freed after this long without a call
