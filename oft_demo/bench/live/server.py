"""The app with visitors whose tickets are printed: `python -m oft_demo.bench.live.server PORT VISITORS POLICY`."""

import json
import os
import sys
from tempfile import TemporaryDirectory


def main(port: int, visitors: int, policy: str) -> None:
    """Serve until terminated."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from pathlib import Path

    from oft_demo.settings import Settings
    from oft_demo.studio.server import create_app, listen
    from oft_demo.studio.studio import Studio

    with TemporaryDirectory() as data:
        settings = Settings(port=port, data=Path(data))
        studio = Studio(settings)
        studio.shelf.warm_up(policy)
        tickets = [studio.visitors.get(f"visitor {index}").ticket for index in range(visitors)]
        print(json.dumps(tickets), flush=True)
        listen(create_app(studio), settings)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
