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
    checkpoints: Path = PROJECT_ROOT / "checkpoints"  # official ones, found by the names of their directories
    remotes: tuple[str, ...] = ()  # addresses of policy servers to list; beyond loopback no others are asked
    remote_seconds: float = 2.0  # a policy server that takes longer counts as lost
    data: Path = PROJECT_ROOT / "data"
    seats: int = 8  # simulations held at once, one a visitor
    idle_seconds: float = 600.0  # a seat is freed after this long without a call
