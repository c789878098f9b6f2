"""OFT Demo: an OpenVLA-OFT+ policy beside a simulated bimanual ALOHA, in the browser."""
