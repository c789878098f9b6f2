"""Start the web app: parse the settings, build the studio, listen."""

import logging
import os
import sys

import tyro

from oft_demo.settings import Settings


def main(settings: Settings) -> None:
    """OFT Demo: type an instruction, watch an OFT+ policy move ALOHA."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # nothing leaves this machine
    os.environ.setdefault("HF_HUB_OFFLINE", "1")

    from oft_demo.errors import OftDemoError  # after the environment is set, since gradio reads it at import
    from oft_demo.studio.server import create_app, listen
    from oft_demo.studio.studio import Studio

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # a line for every question to a policy server
    try:
        studio = Studio(settings)
    except OftDemoError as error:
        sys.exit(f"error: {error}")
    app = create_app(studio)
    print(f"OFT Demo is at http://{settings.host}:{settings.port}  (Ctrl+C stops it)", flush=True)
    listen(app, settings)


if __name__ == "__main__":
    main(tyro.cli(Settings))
